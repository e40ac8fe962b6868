"""Runs of `text_gan` against Markov chains of order 0 to 8 that are fitted to the same texts, and against held-out ones.

    python benchmarks/text.py RUN [--num 10000] [--checkpoint STEP]

Prints docs/text.md's table: shares of the samples, and Jensen-Shannon divergences from the training texts in bits.
"""

import argparse
from collections.abc import Callable

import numpy as np

from jaxgan import inference, runs
from jaxgan.data import GRAMMARS
from jaxgan.evaluation import extract
from jaxgan.metrics import markov_chain, ngram_divergence

ORDERS = (0, 1, 2, 3, 4, 5, 6, 8)
_HEAD = ("texts", "accepted", "accepted, different", "accepted, new", "different", "new", "js1", "js2", "js3", "js4")


def row(name: str, samples: np.ndarray, real: np.ndarray, accepts: Callable[[np.ndarray], np.ndarray] | None) -> str:
    """A line of the table, of texts int [N, T]."""
    known = {one.tobytes() for one in real.astype(np.int32)}
    keys = [one.tobytes() for one in np.ascontiguousarray(samples.astype(np.int32))]
    right = np.zeros(len(keys), bool) if accepts is None else accepts(samples)
    new = np.array([key not in known for key in keys])
    good = {key for key, ok in zip(keys, right, strict=True) if ok}
    shares = [
        right.mean(),
        len(good) / len(keys),
        len(good - known) / len(keys),
        len(set(keys)) / len(keys),
        new.mean(),
    ]
    divergences = [f"{ngram_divergence(real, samples, n):.4f}" for n in (1, 2, 3, 4)]
    return " | ".join(["", name, *(f"{share:.1%}" for share in shares), *divergences, ""]).strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("--num", type=int, default=10_000)
    parser.add_argument("--checkpoint", default="latest")
    asked = parser.parse_args()
    run = runs.open_run(asked.run)
    mine, others = inference.data_of(run)
    all_of = lambda found: np.asarray(found["text"][np.arange(found.size)])
    real, accepts, kind = all_of(mine), GRAMMARS.get(run.config.data), run.made.kind
    print("| " + " | ".join(_HEAD) + " |\n" + "|---" * len(_HEAD) + "|")
    if others is not None:
        print(row("held out", all_of(others)[: asked.num], real, accepts))
    chains = {f"chain of order {order}": markov_chain(real, order, asked.num) for order in ORDERS}
    for name, samples in chains.items():
        print(row(name, samples, real, accepts))
    loaded = inference.load(run, step=inference.pick(run, asked.checkpoint))
    samples = kind.to_file(extract.drawn(loaded.gan, loaded.state.ema, asked.num, {}))
    print(row(f"text_gan, step {int(loaded.state.step)}", samples, real, accepts))
    for name, some in {**chains, "text_gan": samples}.items():
        print(f"\n{name}:", *(f"    {kind.text(one, run.made.classes)}" for one in some[:12]), sep="\n")


if __name__ == "__main__":
    main()
