"""Divergences of runs of symbols against closed forms, and chains against the shares that they are fitted to."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from jaxgan import BadInput
from jaxgan.data.sources.text import Cuts
from jaxgan.metrics import markov_chain, ngram_divergence
from jaxgan.metrics.protocol import Protocol
from jaxgan.metrics.records import EvalContext, texts
from jaxgan.metrics.records.texts import RECORD

DRAW = np.random.default_rng(0)


def test_the_same_texts_are_0_apart_and_those_without_a_common_run_1_bit():
    a = DRAW.integers(0, 3, (50, 8))
    for n in (1, 2, 3, 4):
        assert ngram_divergence(a, a[::-1], n) == 0
        assert ngram_divergence(a, a + 3, n) == pytest.approx(1)
    # all runs of one symbol are shared, those of two are not
    assert ngram_divergence([[0, 1, 0, 1]], [[0, 0, 1, 1]], 1) == 0
    # 01 01 10 against 00 01 11: half of (2/3 log2(4/3) + 1/3) + half of (1/3 log2(2/3) + 2/3)
    expected = (2 / 3 * np.log2(4 / 3) + 1 / 3 + 1 / 3 * np.log2(2 / 3) + 2 / 3) / 2
    assert ngram_divergence([[0, 1, 0, 1]], [[0, 0, 1, 1]], 2) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_divergences_are_scipy_s_of_counted_runs(n):
    a, b = DRAW.integers(0, 4, (30, 9)), DRAW.binomial(3, 0.4, (20, 9))
    counts = [Counter(tuple(row[i : i + n]) for row in x.tolist() for i in range(len(row) - n + 1)) for x in (a, b)]
    kinds = sorted(counts[0].keys() | counts[1].keys())
    shares = [[count[kind] for kind in kinds] for count in counts]
    assert ngram_divergence(a, b, n) == pytest.approx(jensenshannon(*shares, base=2) ** 2, abs=1e-12)


def test_a_chain_has_the_runs_of_its_texts_and_no_longer_ones():
    """Texts whose symbol is the exclusive or of the two before it: order 2 knows all, order 1 nothing."""
    x = np.zeros((400, 12), np.int32)
    x[:, :2] = DRAW.integers(0, 2, (400, 2))
    for i in range(2, 12):
        x[:, i] = x[:, i - 1] ^ x[:, i - 2]
    of_two = markov_chain(x, 2, 1000)
    assert of_two.dtype == np.int32 and of_two.shape == (1000, 12)
    assert {row.tobytes() for row in of_two} <= {row.tobytes() for row in x}
    of_one = markov_chain(x, 1, 1000)
    assert np.mean(of_one[:, 2:] == of_one[:, 1:-1] ^ of_one[:, :-2]) < 0.8


def test_a_chain_s_shares_are_the_likeliest():
    """First symbols and followers as often as in the texts, to three standard deviations."""
    x = DRAW.choice(3, p=[0.2, 0.3, 0.5], size=(3000, 6))
    x[:, 1] = x[:, 0]  # what lies at the beginning is a state of its own
    made = markov_chain(x, 1, 20_000, seed=1)
    first = np.bincount(made[:, 0], minlength=3) / len(made)
    np.testing.assert_allclose(first, np.bincount(x[:, 0], minlength=3) / len(x), atol=0.01)
    pairs = lambda y: np.array([[np.sum((y[:, :-1] == a) & (y[:, 1:] == b)) for b in range(3)] for a in range(3)])
    share = lambda y: pairs(y) / pairs(y).sum(1, keepdims=True)
    np.testing.assert_allclose(share(made), share(x), atol=0.02)
    order_0 = markov_chain(x, 0, 20_000)
    np.testing.assert_allclose(np.bincount(order_0.ravel()) / order_0.size, np.bincount(x.ravel()) / x.size, atol=0.01)
    assert (markov_chain(x, 1, 20, seed=1) != markov_chain(x, 1, 20, seed=2)).any()


def test_a_chain_goes_on_behind_what_stands_at_ends_alone():
    made = markov_chain([[0, 1, 2], [2, 0, 1]], 1, 500)
    assert set(made[:, 0]) == {0, 2} and made.shape == (500, 3)  # 2 0 1 and 0 1 2; behind 2 stands 0 alone
    assert all(b == 0 for row in made.tolist() for a, b in pairwise(row) if a == 2)
    ends = markov_chain([[0, 1]], 1, 5)
    np.testing.assert_array_equal(ends, [[0, 1]] * 5)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: ngram_divergence([[0, 1]], [[0, 1, 2]], 3), "n is 3, the texts have 2 symbols: give 1 up to that"),
        (lambda: ngram_divergence([[0.5]], [[1]], 1), r"texts are float64\[1, 1\]: give whole numbers"),
        (lambda: ngram_divergence([[60_000] * 4], [[0] * 4], 4), "4 of 60001 symbols in a row cannot be told apart"),
        (lambda: markov_chain([[0, 1]], -1, 5), "order is -1, count is 5"),
        (lambda: markov_chain([[0, 1]], 1, 0), "order is 1, count is 0"),
    ],
)
def test_what_cannot_be_compared_is_told(call, said):
    with pytest.raises(BadInput, match=said):
        call()


def test_copies_are_found_in_all_parts_of_a_view(monkeypatch):
    monkeypatch.setattr(texts, "_AT_ONCE", 64)
    view = Cuts(DRAW.integers(0, 9, 1000).astype(np.uint16), 12)
    copies = view[np.arange(0, len(view), 7)]
    other = np.full((5, 12), 9, np.int32)
    assert texts.novel(copies, view) == (0, len(copies), len(view), None)
    assert texts.novel(np.concatenate([copies[:15], other]), view).value == 1 / 4
    assert texts.novel(copies.astype(np.int64), np.asarray(view[np.arange(100)])).value == 1 - 15 / len(copies)


def test_shares_of_texts_are_counted():
    class Seen:
        def __init__(self, samples):
            self.samples = np.array(samples, np.int32)

    real, fake = Seen([[0, 1], [2, 2]]), Seen([[0, 1], [0, 1], [1, 1], [2, 0]])
    context = EvalContext(Protocol("", 0, "", ""), modality="text", accepts=lambda samples: samples[:, 1] == 1)
    found = {name: value.value for name, value in RECORD.measure(context, real, fake).items()}
    assert found == {"distinct": 3 / 4, "novel": 2 / 4, "accepted": 3 / 4, "accepted_distinct": 2 / 4}
    assert RECORD.measure(context._replace(accepts=None), real, fake).keys() == {"distinct", "novel"}
    assert RECORD.needs(context, real, fake) and not RECORD.needs(context._replace(modality="image"), real, fake)
