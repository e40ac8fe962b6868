"""What the fields of a Config may be: what has no effect is refused where it was asked for, and changes no program."""

import dataclasses

import jax
import jax.numpy as jnp
import pytest
from arrays import normal

from jaxgan import build, recipes, training
from jaxgan.config import check_inactive
from jaxgan.data import Spec
from jaxgan.errors import BadInput
from jaxgan.options.marks import flag

IDLE = {  # field: (a value, the other fields, words of the error)
    "ada_groups": ("b", {}, "--augment none: add --augment ada"),
    "ada_target": (0.4, {"augment": "diffaugment"}, "--augment diffaugment: add --augment ada"),
    "ada_images": (1000, {"augment": "ada", "augment_p": 0.5}, "--augment-p 0.5: add --augment-p None"),
    "augment_p": (0.5, {}, "--augment none: add --augment ada"),
    "augment_p_end": (0.5, {"augment": "ada", "burn_in_images": 9}, "--augment-p None: say where it starts"),
    "smoothing": (0.1, {"loss": "hinge"}, "--loss hinge: add --loss bce"),
    "penalty_weight": (3.0, {"penalty": "none"}, "no penalty: add --penalty r1"),
    "penalty_weight_end": (3.0, {"penalty": "none", "burn_in_images": 9}, "no penalty"),
    "penalty_every": (4, {"penalty": "none"}, "no penalty"),
    "lecam_warm_up": (5, {}, "--lecam 0"),
    "unroll_rate": (0.5, {}, "--unroll 0"),
    "b2": (0.5, {"optimizer": "sgd"}, "--optimizer sgd"),
    "b2_end": (0.5, {"optimizer": "sgd", "burn_in_images": 9}, "--optimizer sgd"),
    "b1": (0.1, {"optimizer": "rmsprop"}, "--optimizer rmsprop"),
    "decay_steps": (7, {"schedule": "constant"}, "--schedule constant"),
    "lr_g_end": (1e-4, {"schedule": "cosine", "burn_in_images": 9}, "--schedule cosine"),
    "top_k_end": (0.5, {}, "--burn-in-images 0"),
    "burn_in_images": (9, {}, "nothing to change"),
    "fit": ("pad", {}, "--resolution 0"),
    "evaluate_samples": (9, {}, "no evaluations on the way"),
    "features": ("classifier", {}, "no evaluations on the way"),
}


RECIPES = {  # (recipe, a value, the other fields, words)
    "labels_d": ("dcgan", "projection", {}, "--no-conditional"),
    "path_every": ("stylegan2", 8, {"path_weight": 0.0}, "--path-weight 0"),
}


@pytest.mark.parametrize("name", IDLE | RECIPES)
def test_what_has_no_effect_is_refused_with_the_way_out(name):
    recipe, value, others, words = RECIPES.get(name) or ("mlp_mnist", *IDLE[name])
    kind = recipes.get(recipe)
    with pytest.raises(BadInput) as error:
        training.prepare(recipe, kind.Config(**{**others, name: value}))
    assert str(error.value).startswith(f"{flag(name)} {value} has no meaning with ")
    assert words in str(error.value)
    with pytest.raises(BadInput, match="give --data"):  # the next thing that is wrong
        training.prepare(recipe, kind.Config(**{k: v for k, v in others.items() if k != "burn_in_images"}))


def test_none_and_the_values_of_tiny_are_never_refused():
    config = recipes.r3gan.Config(**{**recipes.r3gan.TINY, "augment": "none", "augment_p": None, "burn_in_images": 0})
    assert config.inactive.keys() >= {"augment_p", "ema_halflife_images_end"} and not config.ends
    check_inactive(config, recipes.r3gan.TINY)
    with pytest.raises(BadInput, match="--ema-halflife-images-end 20 "):
        check_inactive(config, {})


@pytest.mark.parametrize("name", [name for name in IDLE if name in ("augment_p", "ada_target", "smoothing", "b1", "b2")
                                  or name.startswith(("penalty", "lecam", "unroll", "decay"))])  # fmt: skip
def test_what_is_said_to_have_no_effect_changes_no_program(name):
    value, others, _ = IDLE[name]
    recipe, specs = recipes.get("digits"), {"image": Spec((8, 8, 1))}
    same = {"conditional": False, "penalty": "none", "schedule": "constant"}
    config = recipe.Config(**{**recipe.TINY, **same, **others})
    batch = {"image": normal(0, config.batch_size, 8, 8, 1)}

    def program(config):
        made = build.experiment(recipe, config, specs)
        state = jax.eval_shape(lambda: build.initial_state(made, config, specs))
        return jax.jit(made.step).lower(state, batch).as_text()

    assert program(config) == program(dataclasses.replace(config, **{name: value}))
    assert program(config) != program(dataclasses.replace(config, lr_g=0.5))


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_rates_come_down_to_zero_however_late_they_begin_to(schedule):
    config = recipes.digits.Config(
        **recipes.digits.TINY | {"steps": 20, "optimizer": "sgd", "schedule": schedule}, decay_start=0.98
    )
    specs = {"image": Spec((8, 8, 1)), "label": Spec((), "int32", "", tuple("0123456789"))}
    tx, weight = build.experiment(recipes.digits, config, specs).opt.g, jnp.ones(())
    moves, kept = [], tx.init(weight)
    for _ in range(21):
        move, kept = tx.update(weight, kept, weight)
        moves.append(float(move))
    assert moves[0] < 0 and moves[20] == 0


@pytest.mark.parametrize(
    ("others", "gone"),
    [
        ({"augment": "diffaugment"}, "augment_p"),
        ({"augment_p": None}, "augment_p"),
        ({"penalty": "none"}, "penalty_weight"),
        ({"schedule": "cosine"}, "lr_g lr_d"),
        ({"optimizer": "sgd"}, "b2"),
        ({"burn_in_images": 0}, "lr_g lr_d b2 penalty_weight ema_halflife_images augment_p"),
    ],
    ids=str,
)
def test_a_recipe_s_own_values_go_with_what_they_belong_to(others, gone):
    recipe = recipes.r3gan
    assert recipe.Config().ends.keys() - recipe.Config(**others).ends.keys() == {*gone.split()}
    specs = {"image": Spec((8, 8, 3))}
    small = {**recipe.TINY, **others}
    made = build.experiment(recipe, recipe.Config(**small), specs)
    state = jax.eval_shape(lambda: build.initial_state(made, recipe.Config(**small), specs))
    batch = {"image": jax.ShapeDtypeStruct((8, 8, 8, 3), jnp.float32)}
    assert jax.eval_shape(made.step, state, batch)[0].step.shape == ()
