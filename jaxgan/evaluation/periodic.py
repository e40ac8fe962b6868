"""Evaluation on the way: the same latents, real samples and protocol each time, so that the curve is one."""

from jaxgan import runs
from jaxgan.errors import BadInput
from jaxgan.evaluation import extract, extractors, measure
from jaxgan.evaluation.evaluate import REAL, case_of, labels


class Watch:
    """Looks at a run's averaged generator: `cheap(step, state, row)` and `all_of(...)` give the scalars to add to a row.

    Their protocol is in RUN/evaluation/protocol.json.
    """

    def __init__(self, run, gan, dataset, devices=None, say=print):
        config = run.config
        self._gan, self._seen = gan, (None, None)
        self._count = config.evaluate_samples
        self._eye = extract.Eye(extractors.choose(config.features, dataset, say), devices)
        self._real = self._eye.real(dataset, REAL, config.seed, say)
        self._case = case_of(run, self._eye.net, dataset, "train", config.seed, "ema")
        self._label = labels(run, dataset, self._count, config.seed)
        self._check_asked(config)
        protocol = measure.score(self._case, "fd", 0.0, self._count, len(self._real.features)).protocol
        (run.folder / "evaluation").mkdir(exist_ok=True)
        runs.write_json(run.folder / "evaluation" / "protocol.json", vars(protocol))
        say(f"evaluations on the way: {protocol}")

    def _check_asked(self, config):
        """Raises BadInput where --stop-when or --best-metric name a metric that does not apply to these data."""
        asked = {config.threshold and config.threshold[0], config.best_metric.lstrip("+")} & set(measure.BETTER)
        if not asked:
            return
        few = self._real.part(0, 2000)
        there = {score.name for score in measure.all_of(self._case, few, few)}
        for name in asked - there:
            raise BadInput(f"{name} is not measured on these data: there are {', '.join(sorted(there))}")

    def cheap(self, step, state, row):
        """Scalars of `measure.cheap`."""
        return _named(measure.cheap(self._case, self._real, self._fake(step, state)))

    def all_of(self, step, state, row):
        """Scalars of `measure.all_of`."""
        return _named(measure.all_of(self._case, self._real, self._fake(step, state)))

    def _fake(self, step, state):
        """Sight of this step's generator: drawn once where both are due."""
        if self._seen[0] != step:
            seed = self._case.protocol.seed
            self._seen = (step, self._eye.fake(self._gan, state.ema, self._count, self._label, seed))
        return self._seen[1]


def _named(scores):
    return {score.name: score.value for score in scores}
