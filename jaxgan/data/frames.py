"""The frames of clips, as images."""

import dataclasses
from typing import Any

import numpy as np

from jaxgan.data.dataset import LABEL, Column, Dataset
from jaxgan.data.lazy import Lazy


class Frames(Lazy):
    """The view [N T, H, W, C] of all frames of clips [N, T, H, W, C], a clip's one after the other."""

    def __init__(self, clips: Column) -> None:
        self._clips, self._count = clips, clips.shape[1]
        self.shape, self.dtype = (clips.shape[0] * clips.shape[1], *clips.shape[2:]), clips.dtype

    def __getitem__(self, index: Any) -> np.ndarray:
        clip, frame = np.divmod(self.rows(index), self._count)
        if isinstance(self._clips, np.ndarray):
            return self._clips[clip, frame]
        every, place = np.unique(clip, return_inverse=True)  # each clip is read once
        return self._clips[every][place.reshape(clip.shape), frame]

    def identity(self) -> bytes:
        """That of the clips."""
        return self._clips.tobytes() if isinstance(self._clips, np.ndarray) else self._clips.identity()


def frames_of(dataset: Dataset, column: str) -> Dataset:
    """Dataset of the frames of a column of clips, each with its clip's label, where there is one."""
    view, spec = Frames(dataset[column]), dataset.specs[column]
    columns: dict[str, Column] = {"image": view}
    specs = {"image": spec._replace(shape=view.shape[1:], modality="image")}
    if LABEL in dataset:
        columns[LABEL] = np.repeat(np.asarray(dataset[LABEL]), spec.shape[0], axis=0)
        specs[LABEL] = dataset.specs[LABEL]
    return dataclasses.replace(dataset, columns=columns, specs=specs, notes=(), names=(), sizes=())
