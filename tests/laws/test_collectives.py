"""What a step sends between devices: the gradients of each side once, statistics, and under fsdp the parameters it uses."""

import jax
import pytest
from games import GAMES, batch, sgd

import jaxgan
from jaxgan import parallel
from jaxgan.cost import collectives


def sent(name, mode):
    """(collectives of a step on eight devices, State)."""
    gan, opt, data = GAMES[name](None), sgd(), batch(rows=64)
    state = jaxgan.init_state(gan, opt, jax.random.key(0), data)
    wrapped = parallel.wrap(mode, jaxgan.make_step(gan, opt), parallel.choose(mode, 8))
    return collectives.found(wrapped.lower(state, data).compile().as_text()), state


def size(*trees):
    return sum(x.nbytes for x in jax.tree.leaves(trees))


@pytest.mark.parametrize(  # norms: all-reduces of statistics; terms: of D's loss, whose gradients XLA:CPU sums one by one
    ("name", "norms", "terms"),
    [("mlp_non_saturating", 0, 2), ("dcgan_batch_norm", 2, 2), ("conditional_spectral_r1", 2, 3)],
)
def test_fsdp_adds_gathers_of_parameters_to_what_a_mesh_sends(name, norms, terms, monkeypatch):
    monkeypatch.setattr(parallel, "SMALL", 2**4)
    (mesh, state), (fsdp, _) = sent(name, "mesh"), sent(name, "fsdp")
    reduced = [one for one in fsdp if one[0] == "all-reduce"]
    assert {kind for kind, _ in mesh} == {"all-reduce"} and len(mesh) <= 2 + norms
    assert {kind for kind, _ in fsdp} == {"all-reduce", "all-gather"} and len(reduced) == len(mesh)
    g, d = size(state.g.params), size(state.d.params)
    assert g + d <= collectives.total(mesh, "all-reduce") < 1.01 * (g + terms * d) + 500  # norms' statistics, metrics
    assert collectives.total(fsdp, "all-reduce") == collectives.total(mesh, "all-reduce")
    # G once, D for its own turn, and as it is after that for G's
    assert 0 < collectives.total(fsdp, "all-gather") <= size(state.g.variables, state.d.variables, state.d.variables)


def test_collectives_are_read_off_a_text():
    text = """
    %a = (f32[2,3]{1,0}, bf16[4]{0}, pred[], /*index=3*/s32[]) all-reduce(%x, %y, %z, %w), channel_id=1
    %b = f32[64,8]{0,1} all-gather(%a), dimensions={0}
    %c = f32[8]{0} add(%b, %b)
    %d = (f32[8]{0}, f32[64]{0}) all-gather-start(%c), dimensions={0}
    %e = ((f32[8]{0}, s8[2]{0}), (f32[64]{0}, s8[16]{0})) all-gather-start(%c, %x), dimensions={0}
    %f = (f32[8]{0}, f32[8]{0}, u32[], u32[]) collective-permute-start(%c), source_target_pairs={{0,1}}
    %g = (f32[8]{0}, f32[2]{0}) all-reduce-start(%c, %x), channel_id=2
    """
    gathered = [("all-gather", size) for size in (2048, 256, 256 + 16)]
    assert collectives.found(text) == [
        *[("all-reduce", 24 + 8 + 1 + 4), *gathered],
        *[("collective-permute", 32), ("all-reduce", 32 + 8)],
    ]
    assert collectives.sent(100, 4, "all-reduce") == 150 and collectives.sent(100, 4, "all-gather") == 75
