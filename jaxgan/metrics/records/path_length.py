"""The path length: how far samples move along a path between latents. Asked for by --path-length alone."""

from jaxgan.metrics.records.record import Info, Record

RECORD = Record(
    {"path_length": Info("lower")}, lambda context, real, fake: {}, lambda context, real, fake: False, place=99
)
