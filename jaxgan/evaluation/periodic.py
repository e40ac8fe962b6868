"""Evaluation on the way: the same latents, real samples and protocol each time, so that the curve is one."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import numpy as np

from jaxgan import runs
from jaxgan.core import GAN, State
from jaxgan.data.dataset import Dataset
from jaxgan.errors import BadInput
from jaxgan.evaluation import extract, extractors, scores
from jaxgan.evaluation.classes import named_classes
from jaxgan.evaluation.evaluate import REAL, against_targets, context_of, count_of, given_by, of_all_texts
from jaxgan.metrics.records import infos
from jaxgan.names import tell


class PeriodicEvaluation:
    """Looks at a run's averaged generator: `cheap(step, state, row)` and `all_of(...)` give the scalars to add to a row.

    Their protocol is in RUN/evaluation/protocol.json. held_out: a Dataset whose samples G is given and compared with, where
    it is given any; by default the training data.
    """

    def __init__(
        self,
        run: runs.Run,
        gan: GAN,
        dataset: Dataset,
        devices: Sequence[jax.Device] | None = None,
        say: Callable[[str], Any] = tell,
        held_out: Dataset | None = None,
    ) -> None:
        config = run.config
        self._run, self._gan = run, gan
        self._made: tuple[int | None, dict[str, Any]] = (None, {})  # (step, what was made at it)
        self._reference = dataset if held_out is None else held_out
        self._count, self._seed = count_of(config, self._reference, config.evaluate_samples), config.seed
        self._given = given_by(config, self._reference, self._count, config.seed)
        split, net = "train" if held_out is None else "test", None
        self._extractor = None
        if scores.SET in scores.kinds(config, run.data.specs):
            net = extractors.choose(config.features, dataset, say, config.real)
            self._extractor = extract.FeatureExtractor(net, run.made.kind, devices)
            self._real = self._extractor.real(self._reference, REAL, config.seed, say, config.real)
        self._context = context_of(run, net, self._reference, split, config.seed, "ema")
        self._trained_on = dataset[config.real], context_of(run, net, dataset, "train", config.seed, "ema")
        self._check_asked(config)
        size = len(self._reference[config.real])
        protocol = scores.score(self._context, "fd" if net else "", (0.0, self._count, size)).protocol
        (run.folder / "evaluation").mkdir(exist_ok=True)
        runs.write_json(run.folder / "evaluation" / "protocol.json", vars(protocol))
        say(f"evaluations on the way: {protocol}")

    def _check_asked(self, config):
        """Raises BadInput where --stop-when or --best-metric name a metric that does not apply to these data."""
        asked = {config.threshold and config.threshold[0], config.best_metric.lstrip("+")} & set(infos())
        if not asked:
            return
        real, ignored = self._reference[config.real], self._context.ignored
        known = (i for i in range(self._count) if ignored is None or (real[i : i + 1] != ignored).any())
        two = self._run.made.kind.to_file(real[np.array([*itertools.islice(known, 2)] or [0, 1])])
        targets = [kind for kind in scores.kinds(config, self._run.data.specs) if kind != scores.SET]
        there = {score.name for kind in targets for score in scores.measure(kind, self._context, two, two)}
        if self._extractor is not None:
            few = self._real.part(0, 2000)
            there |= {score.name for score in scores.measure(scores.SET, self._context, few, few)}
        for name in asked - there:
            raise BadInput(f"{name} is not measured on these data: there are {', '.join(sorted(there))}")

    def cheap(self, step: int, state: State, row: Mapping[str, Any]) -> dict[str, float]:
        """Scalars of the metrics that take no time beside the drawing."""
        return self._scores(step, state, cheap=True)

    def all_of(self, step: int, state: State, row: Mapping[str, Any]) -> dict[str, float]:
        """Scalars of all metrics that apply."""
        return self._scores(step, state, cheap=False)

    def _scores(self, step, state, cheap):
        run, gan, g = self._run, self._gan, state.ema
        targets = lambda: against_targets(self._context, run, gan, g, self._reference, self._count, self._seed)
        found = [*self._once(step, "targets", targets)]
        if scores.CLASSES in scores.kinds(run.config, run.data.specs):
            count = run.config.evaluate_samples
            named = lambda: named_classes(self._context, run, state.d.variables, self._reference, count, self._seed)
            found += self._once(step, "classes", named)
        if self._extractor is not None:
            draw = lambda: self._extractor.fake(gan, g, self._count, self._given, self._seed)
            fake, (trained, context) = self._once(step, "fake", draw), self._trained_on
            own = scores.measure(scores.SET, self._context, self._real, fake, cheap)
            found += of_all_texts(own, context, fake.samples, trained)
        return {score.name: score.value for score in found}

    def _once(self, step, name, make):
        """What `make` gives: made once where both evaluations are due at a step."""
        if self._made[0] != step:
            self._made = (step, {})
        made = self._made[1]
        if name not in made:
            made[name] = make()
        return made[name]
