"""Directions are what they are said to be, for every G that names its kernels, and edits are written once and marked."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal, quick
from PIL import Image

import jaxgan
from jaxgan import inference, models
from jaxgan.cli import main
from jaxgan.data.dataset import Spec
from jaxgan.errors import BadInput
from jaxgan.inference import directions, edit_pictures
from jaxgan.net import join

EACH = ["--steps", "2", "--log-every-steps", "2", "--sample-every-steps", "2", "--save-every-steps", "2"]
GENERATORS = {
    "mlp": lambda k: models.mlp.generator((8, 8, 1), (16, 16), classes=k),
    "dcgan": lambda k: models.dcgan.generator(8, 1, width=4, classes=k),
    "dcgan_norm": lambda k: models.dcgan.generator(8, 1, width=4, classes=k, labels="norm"),
    "texture": lambda k: models.texture.generator(1, classes=k),
    "sngan": lambda k: models.sngan.generator(32, 1, width=0.05, classes=k),
    "sngan_spectral": lambda k: models.sngan.generator(32, 1, width=0.05, spectral=True, classes=k),
    "r3gan": lambda k: models.r3gan.generator(8, 1, width=8, blocks=1, cardinality=4, embedding=5, classes=k),
    "stylegan2": lambda k: models.stylegan2.generator(
        8, 1, width=64, max_width=8, w_dim=6, mapping_layers=1, classes=k
    ),
    "stylegan2_plain": lambda k: models.stylegan2.generator(
        8, 1, width=64, max_width=8, w_dim=6, mapping_layers=1, architecture="plain", classes=k
    ),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folder with tiny runs: digits is given a class and z, style neither and w."""
    home = tmp_path_factory.mktemp("runs")
    assert main(["train", "digits", "--tiny", *EACH, "--out", str(home / "digits")]) == 0
    style = ["stylegan2", "--tiny", "--data", "digits", "--path-weight", "0", "--mixing", "0"]
    assert main(["train", *style, *EACH, "--out", str(home / "style")]) == 0
    return home


@pytest.fixture(scope="module")
def digits(runs):
    return jaxgan.load(runs / "digits")


@pytest.fixture(scope="module")
def style(runs):
    return jaxgan.load(runs / "style")


@pytest.mark.parametrize(
    ("name", "classes"),
    [
        *((name, classes) for name in ("mlp", "dcgan", "texture", "r3gan", "stylegan2") for classes in (None, 3)),
        *(("sngan", None), ("sngan_spectral", 3), ("dcgan_norm", 3), ("stylegan2_plain", None)),
    ],
)
def test_the_kernels_that_a_net_names_are_all_that_latents_meet_first(name, classes):
    """Where a direction is taken out of all of them, G does not see it any more."""
    net, z = GENERATORS[name](classes), normal(0, 2, 6)
    label = () if classes is None else (jnp.array([0, 2]),)
    own = {"key": jax.random.key(0), "index": jnp.arange(2)} if net.indexed else {}
    variables = net.init(jax.random.key(1), z, *label)
    x, method = z, {}
    if net.methods:
        x, method = net.apply(variables, z, *label, train=False, method="mapping")[0], {"method": "synthesis"}
        label = ()
    away = normal(2, 6)
    away /= np.linalg.norm(away)
    kernels, back = jax.vjp(net.first_kernels, variables)
    assert all(kernel.shape[0] == 6 for kernel in kernels) and len(kernels) == (x.shape[1] if net.methods else 1)
    (taken,) = back([np.outer(away, away @ np.asarray(kernel)) for kernel in kernels])
    blind = {**variables, "params": jax.tree.map(jnp.subtract, variables["params"], taken["params"])}
    made = quick(lambda variables, x: net.apply(variables, x, *label, train=False, **method, **own)[0])
    here, there = x, x + 3 * away.reshape(1, *[1] * (x.ndim - 2), 6)
    assert_close(made(blind, there), np.asarray(made(blind, here)), 1e-4)
    assert np.abs(made(variables, there) - made(variables, here)).max() > 1e-3


def test_a_net_between_functions_and_one_of_several_name_none():
    net = models.mlp.generator((8, 8, 1), (16,))
    assert net.map(after=jnp.tanh).first_kernels is not None
    assert net.map(before=lambda z: z[:, ::-1]).first_kernels is None
    assert join(a=net).nets["a"].first_kernels is None


def orthonormal(found):
    flat = found.vectors.reshape(len(found.vectors), -1)
    assert_close(flat @ flat.T, np.eye(len(flat), dtype=np.float32), 1e-5)
    assert (np.diff(found.strength) <= 1e-6 * found.strength[0]).all() and (found.spread > 0).all()


def test_sefa_has_the_singular_vectors_of_what_z_meets_first(digits):
    where = inference.space(digits)
    found = inference.sefa(digits, where, 5)
    a = np.asarray(digits.state.ema["params"]["Dense_0"]["kernel"])[:32]  # rows behind are the label's
    left, scales, _ = np.linalg.svd(a)
    assert_close(found.strength, scales[:5] ** 2, 1e-4)
    assert_close(np.abs(np.sum(found.vectors * left.T[:5], axis=1)), np.ones(5, np.float32), 1e-3)
    orthonormal(found)
    assert_close(found.spread, np.ones(5, np.float32), 0.05)  # z ~ N(0, 1)


def test_components_of_w_and_the_kernels_of_styles_are_orthogonal(style):
    for name in ("w", "w+"):
        where = inference.space(style, name)
        pca, sefa = inference.pca(style, where, 4), inference.sefa(style, where, 4, (2, 3))
        for found in (pca, sefa):
            orthonormal(found)
            assert found.space == "w" and found.vectors.shape == (4, 8)
        assert_close(pca.spread**2, pca.strength, 1e-3)
    kernels = [np.asarray(each) for each in style.generator.first_kernels(style.state.ema)]
    assert_close(sefa.strength[:1], np.linalg.norm(np.concatenate(kernels[1:3], 1), 2)[None] ** 2, 1e-4)


def test_features_of_a_linear_layer_lead_back_to_sefa(digits):
    where = inference.space(digits)
    sefa = inference.sefa(digits, where, 1)
    params = digits.state.ema["params"]
    kernel, away = np.array(params["Dense_0"]["kernel"]), sefa.vectors[0]
    kernel[:32] += 4 * np.outer(away, away @ kernel[:32])  # a first direction that stands out
    loud = {**digits.state.ema, "params": {**params, "Dense_0": {**params["Dense_0"], "kernel": kernel}}}
    loaded = digits._replace(state=digits.state._replace(ema=loud))
    found = inference.features(loaded, where, 1, layer=1, draws=500)
    assert abs(float(found.vectors[0] @ away)) > 0.95
    assert inference.features(digits, where, 3, draws=50).vectors.shape == (3, 32)


def test_a_jacobian_has_the_singular_values_of_reverse_mode(digits, style):
    for loaded, name in ((digits, "z"), (style, "w")):
        where = inference.space(loaded, name)
        x, label = inference.drawn(loaded, where, 1, seed=3)
        found = inference.jacobian(loaded, where, x, label, 4)
        flat = lambda x, where=where, g=loaded.state.ema, label=label: where.draw(g, x[None], label)[0].reshape(-1)
        full = quick(jax.jacrev(flat))(x[0])
        assert_close(found.strength, np.linalg.svd(full)[1][:4] ** 2, 1e-3)
        orthonormal(found)


def test_forward_mode_and_the_vjp_of_a_vjp_agree_and_a_gradient_of_its_own_has_the_latter_alone(digits):
    where, z, v = inference.space(digits), normal(0, 32), normal(1, 32)
    f = lambda z: where.draw(digits.state.ema, z[None], jnp.array([1]))
    assert directions.has_forward(f, z)
    assert_close(*(np.asarray(directions.pushforward(f, z, forward)(v)) for forward in (True, False)))
    own = jax.custom_vjp(jnp.sin)
    own.defvjp(lambda x: (jnp.sin(x), x), lambda x, dy: (dy * jnp.cos(x),))
    assert not directions.has_forward(own, z)


def test_a_difference_of_means_moves_the_attribute_that_it_is_of(digits):
    where, tone = inference.space(digits), lambda images: images.mean(axis=(1, 2, 3))
    x, label = inference.drawn(digits, where, 400, label=2)
    value = tone(inference.images(where, digits.state.ema, x, label))
    found = inference.means(digits, where, x, value > np.median(value), ["dark", "bright"])
    assert_close(found.vectors[0], -found.vectors[1])
    other = inference.drawn(digits, where, 40, seed=1, label=2)
    dark, bright = inference.effects(digits, where, found, *other, tone)[:, 0]
    assert bright > 2 * value.std() and dark < -2 * value.std()
    with pytest.raises(BadInput, match="all of 400 latents are of dark"):
        inference.means(digits, where, x, np.zeros(400), ["dark", "bright"])


def test_a_class_that_no_sample_is_taken_for_is_told_of_the_classifier(runs):
    for told, words in (
        (0, "takes all of 2000 samples for one: train longer"),
        (2, "takes none of 2000 samples for one"),
    ):
        classify = lambda *_, told=told: (lambda images: np.full(len(images), told), ("one", "two", "three"))
        with pytest.raises(BadInput, match=f"--by label: the classifier {words}"):
            inference.edit(runs / "style", directions=1, by="label", classify=classify)


def test_moves_are_in_deviations_and_of_the_layers_asked_for(style):
    where = inference.space(style, "w+")
    found = inference.pca(style, where, 3)
    x, _ = inference.drawn(style, where, 2)
    there = inference.moved(x, found, 1, [0.0, 2.0], where, (2, 3))
    assert there.shape == (2, 2, 4, 8)
    assert_close(there[:, 0], x)
    away = there[:, 1] - x
    assert not away[:, [0, 3]].any()
    assert_close(away[0, 1], 2 * found.spread[1] * found.vectors[1])
    with pytest.raises(BadInput, match="--direction is 4, and there are 3"):
        inference.moved(x, found, 3, [1.0], where)
    with pytest.raises(BadInput, match="directions are of w, latents of z"):
        inference.moved(x[:, 0], found, 0, [1.0], inference.space(style, "z"))


def test_edits_are_written_once_and_say_that_they_were_generated(runs, tmp_path):
    run, out = str(runs / "style"), tmp_path / "out"
    for _ in range(2):
        assert main(["edit", run, "--directions", "2", "--columns", "3"]) == 0
    for name in ("edit-sefa", "edit-sefa-2"):
        assert {p.name for p in (runs / "style" / name).iterdir()} == {
            *("directions.png", "animation.webp", "directions.npz", "latents.npz")
        }
    line = ["edit", run, "--direction", "2", "--by", "pca", "--num", "2", "--columns", "3", "--out", str(out)]
    assert main(line) == 0
    assert main(line) == 2  # nothing is overwritten
    assert len(list((out / "edited").iterdir())) == 6
    for path in [out / "direction.png", *(out / "edited").iterdir()]:
        with Image.open(path) as made:
            assert made.info["Comment"] == "generated by jaxgan"
    with Image.open(out / "animation.webp") as made:
        assert made.getexif()[0x010E] == "generated by jaxgan" and made.n_frames > 20
    with np.load(out / "directions.npz") as found:
        assert str(found["space"]) == "w" and found["vectors"].shape == (2, 8)


def test_inverted_pictures_are_kept_by_their_names_and_where_what_follows_is_refused(runs, tmp_path, capsys):
    for name, value in (("cat/0", 40), ("dog/0", 200)):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), value).save(tmp_path / "in" / f"{name}.png")
    line = [
        "edit",
        str(runs / "style"),
        "--invert",
        str(tmp_path / "in"),
        "--steps",
        "1",
        "--starts",
        "1",
        "--columns",
        "3",
    ]
    assert main([*line, "--direction", "1", "--out", str(tmp_path / "out")]) == 0
    made = {str(path.relative_to(tmp_path / "out" / "edited")) for path in (tmp_path / "out" / "edited").rglob("*.png")}
    assert made == {f"{name}_{amount}.png" for name in ("cat_0", "dog_0") for amount in (-3, 0, 3)}
    capsys.readouterr()
    assert main([*line, "--direction", "99", "--out", str(tmp_path / "late")]) == 2
    kept = tmp_path / "late" / "latents.npz"
    assert f"what was inverted is kept: go on with --latents {kept}" in capsys.readouterr().err
    again = ["edit", str(runs / "style"), "--latents", str(kept), "--direction", "1", "--columns", "3"]
    assert main([*again, "--out", str(tmp_path / "again")]) == 0
    assert main(["edit", str(runs / "style"), "--invert", "tones", "--out", str(tmp_path / "none")]) == 2
    assert "tones has audio, label, and no pictures: give files" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()


def test_names_and_titles_that_are_alike_have_files_of_their_own_in_the_folder(tmp_path):
    rows = np.zeros((4, 2, 8, 8, 1), np.float32)
    edit_pictures.singles(tmp_path / "edited", rows, ("a.png", "a.jpg", "../../a.png", ""), ("1e+03", "1e+03"))
    assert len(list((tmp_path / "edited").iterdir())) == 8 and len(list(tmp_path.rglob("*.png"))) == 8


def test_what_is_transparent_lies_over_white_as_trainings_read_it(tmp_path):
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[0] = [(10, 20, 30, alpha) for alpha in (255, 77, 130, 201)]
    Image.fromarray(clear).save(tmp_path / "a.png")
    (one,), _ = edit_pictures.given([tmp_path / "a.png"], Spec((4, 4, 3)), 0, "", print)
    assert one[0, 0].tolist() == [10, 20, 30] and one[1:].min() == 255
    np.testing.assert_array_equal(one, jaxgan.data.load(str(tmp_path))["image"][0])
    (four,), _ = edit_pictures.given([tmp_path / "a.png"], Spec((4, 4, 4)), 0, "", print)
    np.testing.assert_array_equal(four[..., 3], clear[..., 3])


def test_styles_are_mixed_by_layers_and_truncated_to_their_mean(runs, style, tmp_path):
    run = str(runs / "style")
    assert main(["edit", run, "--truncate", "--num", "3", "--columns", "3", "--out", str(tmp_path / "a")]) == 0
    one = ["edit", run, "--direction", "1", "--num", "2", "--seed", "5", "--columns", "2", "--out", str(tmp_path / "b")]
    assert main(one) == 0
    files = [str(tmp_path / name / "latents.npz") for name in "ab"]
    assert main(["edit", run, "--mix", *files, "--layers", "1", "4", "--out", str(tmp_path / "c")]) == 0
    with Image.open(tmp_path / "c" / "mix.png") as sheet:
        cells = np.asarray(sheet.convert("L"))[4:, 4:].astype(int)
    cell = lambda i, j: cells[i * 52 : i * 52 + 48, j * 52 : j * 52 + 48]
    for j in (1, 2):  # all styles of the second
        assert np.abs(cell(0, j) - cell(2, j)).max() <= 1
    with Image.open(tmp_path / "a" / "truncation.png") as sheet:
        cells = np.asarray(sheet.convert("L"))[28:, 4:].astype(int)
    own, at_mean = ([cell(i, j) for i in range(3)] for j in (2, 0))
    jaxgan.inference.sample(run, num=1, truncation=0.0, out=tmp_path / "mean.png")  # nothing but the mean of w
    with Image.open(tmp_path / "mean.png") as grid:
        mean = np.asarray(grid.convert("L"))[4:52, 4:52].astype(int)
    assert all(np.abs(one - mean).max() <= 1 for one in at_mean)
    assert np.abs(own[0] - own[1]).max() > 1 and np.abs(own[0] - at_mean[0]).max() > 1

    at_z = [
        "edit",
        run,
        "--direction",
        "1",
        "--by",
        "jacobian",
        "--space",
        "z",
        "--num",
        "2",
        "--out",
        str(tmp_path / "z"),
    ]
    assert main(at_z) == 0  # whose styles are truncated, not they
    latents = ["--latents", str(tmp_path / "z" / "latents.npz"), "--columns", "3", "--out", str(tmp_path / "e")]
    assert main(["edit", run, "--truncate", *latents]) == 0
    with Image.open(tmp_path / "e" / "truncation.png") as sheet:
        cells = np.asarray(sheet.convert("L"))[28:, 4:].astype(int)
    assert all(np.abs(cell(i, 0) - mean).max() <= 1 for i in range(2))
    assert all(np.abs(cell(i, 2) - own[i]).max() <= 1 for i in range(2))

    some = [
        "edit",
        run,
        "--truncate",
        "--layers",
        "1",
        "3",
        "--num",
        "3",
        "--columns",
        "3",
        "--out",
        str(tmp_path / "d"),
    ]
    assert main(some) == 0  # the finest stays each one's own
    with Image.open(tmp_path / "d" / "truncation.png") as sheet:
        cells = np.asarray(sheet.convert("L"))[28:, 4:].astype(int)
    assert all(np.abs(cell(i, 2) - own[i]).max() <= 1 for i in range(3))
    assert np.abs(cell(0, 0) - cell(1, 0)).max() > 1 and np.abs(cell(0, 0) - at_mean[0]).max() > 1


@pytest.mark.parametrize(
    ("run", "words", "said"),
    [
        ("digits", "", "there is nothing to do: give --directions"),
        ("digits", "--directions 2 --truncate", "--directions and --truncate are one too many"),
        ("digits", "--directions 33", "directions are 33, and z has 32"),
        ("digits", "--direction 33", "directions are 33, and z has 32"),
        ("digits", "--direction 1 --by pca", "z, which has no principal directions"),
        ("digits", "--direction 1 --by label", "--label asks for one"),
        ("digits", "--directions 1 --by features --layer 9", "--layer is 9, and G has 2: 1 Dense_0, 2 Conv_0"),
        ("digits", "--truncate", "--truncate is of styles"),
        ("digits", "--direction 1 --space w", "unknown space of latents 'w'"),
        ("digits", "--direction 1 --label 11", "--label 11, but the run has the classes 0 .. 9"),
        ("digits", "--direction 1 --from 2 --to 2", "give two numbers, and not the same"),
        ("digits", "--direction 1 --tune", "add --invert FILES"),
        ("digits", "--direction 1 --fit crop", "--fit crop is of pictures that are inverted"),
        ("digits", "--direction 1 --perceptual-features a.npz", "--perceptual-features a.npz is of pictures"),
        ("style", "--direction 1 --space z", "take --space w"),
        ("style", "--direction 1 --layers 2 9", "--layers 2 9, and G has 4"),
        ("style", "--direction 1 --latents nowhere.npz", "nowhere.npz has no latents"),
        ("digits", "--direction 1 --latents a.npz --num 3", "--num is 3, and a.npz has its own samples"),
        ("digits", "--direction 1 --latents a.npz --label 3", "--label is 3, and a.npz has its own samples"),
        ("style", "--mix a.npz b.npz --num 3", "--num is 3, and a.npz has its own samples"),
        ("style", "--direction 1 --by folders", "belong together"),
        ("style", "--truncate --space w --layers 1 2", "--layers 1 2 are of w+"),
        ("digits", "--direction 1 --layer 2", "--layer 2 has no meaning with --by sefa: add --by features"),
        ("digits", "--direction 1 --steps 1000", "--steps 1000 has no meaning with no picture that is inverted"),
        ("digits", "--direction 1 --starts 2", "--starts 2 has no meaning with no picture that is inverted"),
        ("digits", "--direction 1 --perceptual 2", "--perceptual 2.0 has no meaning with no network"),
        ("digits", "--invert a.png --columns 3", "--columns 3 has no meaning with no sheet"),
        ("style", "--truncate --by pca", "--by pca has no meaning with no direction"),
    ],
)
def test_what_cannot_be_done_is_refused_in_a_line(run, words, said, runs, tmp_path, capsys):
    assert main(["edit", str(runs / run), *words.split(), "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert said in told[-1] and not (tmp_path / "out").exists()
