"""What the numbers say about a GAN, in words: each verdict with its evidence and what to try."""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from jaxgan.metrics.records import infos

LEAST = 64  # samples that a verdict is of


class Verdict(NamedTuple):
    """One thing that is so."""

    # healthy, collapse, memorisation, discriminator_overfitting, discriminator_wins, stalled, poor or too_few
    verdict: str
    evidence: str
    advice: str


class Logits(NamedTuple):
    """D's mean logits."""

    train: float
    held_out: float
    fake: float


def diagnose(
    scores: Mapping[str, float],
    real: Mapping[str, float],
    *,
    shares: tuple[Sequence[str], np.ndarray, np.ndarray] | None = None,
    untrained_fd: float | None = None,
    logits: Logits | None = None,
    rows: Sequence[Mapping[str, Any]] = (),
    count: int = LEAST,
    real_count: int = LEAST,
    config: Any = None,
    kind: ModuleType | None = None,
) -> list[Verdict]:
    """Verdicts of a GAN: at least one, "healthy" alone.

    scores: {name: value} of its samples; real: the same of real samples against other real ones, what a perfect generator
    would get. shares: (class names, shares of the real samples, of the generated ones). untrained_fd: of the generator
    before its first step. logits: Logits, with held-out samples. rows: of metrics.jsonl. count, real_count: of the samples and of
    the real ones; of less than LEAST of either nothing is said. config, kind: of the training and of what it makes, which are
    advised nothing that they have, or that is none of theirs.
    """
    if min(count, real_count) < LEAST:
        return [_too_few(count, real_count)]
    value = lambda name: scores.get(name, float("nan"))
    found = [
        *_stalled(value("fd"), untrained_fd),
        *_collapse(value, real, shares, config),
        *_memorisation(value("memorised"), real.get("memorised", float("nan")), config, kind),
        *_overfitting(logits, config, kind),
        *_discriminator_wins(rows, config),
    ]
    return found or _poor(value, real) or [_healthy(value, real)]


def _bars(bar):
    """[(name, share)] of the metrics whose records have this bar."""
    return [(name, getattr(info, bar)) for name, info in infos().items() if getattr(info, bar) is not None]


def _too_few(count, real_count):
    few = {"samples": count, "real ones": real_count}
    evidence = " and ".join(f"{size} {name}" for name, size in few.items() if size < LEAST)
    advice = []
    if count < LEAST:
        advice.append(f"draw --num {LEAST} or more, of as many inputs where G is given some")
    if real_count < LEAST:
        advice.append(f"compare with {LEAST} real ones or more: of another --split, or of a larger --held-out SOURCE")
    return Verdict("too_few", f"{evidence}, by which no verdict would be more than chance", "; ".join(advice))


def _stalled(fd, untrained):
    if untrained is None or not fd > 0.8 * untrained:
        return []
    evidence = f"the Fréchet distance is {fd:.4g}, and {untrained:.4g} before the first step"
    return [Verdict("stalled", evidence, "train longer; if it does not move, lower --lr-d or raise --lr-g")]


def _penalty(config):
    """[what to try with a penalty], nothing where the game has none."""
    if config is not None and not hasattr(config, "penalty"):
        return []
    return ["raise --penalty-weight" if getattr(config, "penalties", ()) else "add --penalty r1"]


def _pairing(config):
    """[to try pairs], nothing where the game has them, or knows none."""
    return ["try --relativistic paired"] if config is None or getattr(config, "relativistic", "") == "no" else []


def _more_data(config, kind):
    """What to try where data are short: flips of what can be mirrored, and is not yet."""
    mirrored = (kind is None or hasattr(kind, "mirror")) and not getattr(config, "flip", False)
    return "train on more data or --flip" if mirrored else "train on more data"


def _smoothing(config):
    """[to try smoothed labels], nothing where the game has them."""
    return [] if getattr(config, "smoothing", 0) else ["or take --smoothing 0.1 with --loss bce"]


def _collapse(value, real, shares, config):
    evidence = []
    if shares is not None:
        names, true, drawn = shares
        missing = [name for name, t, d in zip(names, true, drawn, strict=True) if t > 0 and d < 0.2 * t]
        # few samples of many classes leave some out by chance: only more than the real ones leave out count
        if len(missing) > max(0, 0.2 * len(names) if len(names) > 100 else 0):
            named = ", ".join(missing[:10]) + (", ..." if len(missing) > 10 else "")
            evidence.append(
                f"{len(missing)} of {int(np.sum(np.asarray(true) > 0))} classes are missing or rare: {named}"
            )
    for name, share in _bars("collapse_below"):
        if value(name) < share * real.get(name, float("nan")):
            evidence.append(f"{name} is {value(name):.3g}, real samples have {real[name]:.3g}")
    if not evidence:
        return []
    others = ["try another --loss", "lower --lr-g", "enlarge --batch-size"]
    return [Verdict("collapse", "; ".join(evidence), ", ".join([*_penalty(config), *_pairing(config), *others]))]


def _memorisation(value, real, config, kind):
    if not value > real + 0.5 * (1 - real):
        return []
    evidence = f"{value:.1%} of the samples lie nearer to a training sample than any other one does; of real samples {real:.1%}"
    advice = f"{_more_data(config, kind)}, make the networks smaller, stop earlier"
    return [Verdict("memorisation", evidence, advice)]


def _overfitting(logits, config, kind):
    if logits is None or not logits.train - logits.fake > 0.1:
        return []
    share = (logits.train - logits.held_out) / (logits.train - logits.fake)  # Karras et al. 2020, eq. 1: r_v
    if not share > 0.3:
        return []
    evidence = (
        f"D's mean logit is {logits.train:.3g} for training samples, {logits.held_out:.3g} for held-out ones and "
        f"{logits.fake:.3g} for generated ones: held-out ones are {share:.0%} of the way to fakes"
    )
    advice = ", ".join([_more_data(config, kind), *_penalty(config), "stop earlier"])
    return [Verdict("discriminator_overfitting", evidence, advice)]


def _discriminator_wins(rows, config):
    has = lambda row, *names: all(row.get(name) is not None for name in names)  # that of a skipped step has not
    last = [row["loss_d"] for row in rows if has(row, "loss_d")][-10:]
    apart = [row["real_d"] - row["fake_d"] for row in rows if has(row, "real_d", "fake_d")][-10:]
    if len(last) < 3 or len(apart) < 3 or max(np.abs(last)) > 0.05 or min(apart) < 5:
        return []
    evidence = f"in the last {len(last)} rows loss_d is at most {max(last):.2g}, real and fake logits lie {min(apart):.3g} apart"
    advice = ", ".join(["lower --lr-d", *_penalty(config), *_smoothing(config)])
    return [Verdict("discriminator_wins", evidence, advice)]


def _poor(value, real):
    low = [
        f"{name} is {value(name):.3g}, real samples have {real[name]:.3g}"
        for name, share in _bars("poor_below")
        if value(name) < share * real.get(name, float("nan"))
    ]
    return [Verdict("poor", "; ".join(low), "train longer, or make the networks larger")] if low else []


def _healthy(value, real):
    seen = [
        f"{name} {value(name):.3g} (real samples {real[name]:.3g})"
        for name, info in infos().items()
        if info.shown and np.isfinite(value(name)) and name in real
    ]
    return Verdict("healthy", ", ".join(seen), "nothing; to see what time still gives, train on")
