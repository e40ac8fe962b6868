"""Clips against real ones: their frames, how they move, whether their content stays."""

from jaxgan.metrics import clips
from jaxgan.metrics.records.record import EvalContext, Features, Info, Record, Value, apart


def measure(context: EvalContext, real: Features, fake: Features) -> dict[str, Value]:
    """Of the clips that are kept themselves. motion and content: the value of the samples, in units of that of real ones."""
    del context
    a, b = apart(real, fake)
    ratio = lambda of: of(b) / max(of(a), 1e-12)
    values = {
        "fd_frames": clips.frames_distance(a, b),
        "fd_motion": clips.motion_distance(a, b),
        "motion": ratio(clips.motion),
        "content": ratio(clips.content_distance),
    }
    return {name: Value(value, len(b), len(a)) for name, value in values.items()}


RECORD = Record(
    {
        "fd_frames": Info("lower", "Fréchet distances of clips"),
        "fd_motion": Info("lower", "Fréchet distances of clips"),
        "motion": Info("near 1", "motion, content", shown=True),
        "content": Info("near 1", "motion, content", shown=True),
    },
    measure,
    needs=lambda context, real, fake: context.modality == "video",
    cheap=True,
    place=63,
)
