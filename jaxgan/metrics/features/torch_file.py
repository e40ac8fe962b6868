"""PyTorch's checkpoints of tensors, read without PyTorch and without running what is pickled in them.

Both formats of torch.save: a zip file, and the older sequence of pickles that is followed by the storages.
"""

import collections
import io
import pickle
import pickletools
import zipfile
import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from jaxgan.errors import BadInput

if TYPE_CHECKING:
    import os

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001  # how the older format begins
_MEMO = 1 << 20  # values that a pickle may speak of again
_DTYPES = {
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


class _Storage(NamedTuple):
    key: str
    dtype: str
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple
    strides: tuple  # in elements


def read(path: "str | os.PathLike[str]") -> dict[str, np.ndarray]:
    """{name: array} of a checkpoint that is a flat dict of tensors, as model.state_dict() is; arrays are read-only views.

    Only a dict, tensors, parameters and storages of plain numbers are made; any other global of the pickle is refused
    before it is looked up. Raises BadInput for such a file, a damaged one, and one of something else.
    """
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
            file.seek(0)
            content, storages = (_zip if magic == b"PK\x03\x04" else _legacy)(path, file)
        if not isinstance(content, dict) or not content:
            raise BadInput(f"{path} holds a {type(content).__name__}, not a dict of tensors: save model.state_dict()")
        return {_name(path, name): _array(path, name, x, storages) for name, x in content.items()}
    except BadInput:
        raise
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror or error}): give the path of a checkpoint") from error
    except Exception as error:  # a damaged pickle ends in nearly any
        raise BadInput(
            f"{path} is damaged or no PyTorch checkpoint ({type(error).__name__}: {error}): download or save it anew"
        ) from error


def _zip(path, file):
    try:
        with zipfile.ZipFile(file) as archive:
            roots = [n.removesuffix("data.pkl") for n in archive.namelist() if n.endswith("/data.pkl")]
            if len(roots) != 1:
                raise BadInput(
                    f"{path} is a zip file with {len(roots)} data.pkl in it, not 1: give a PyTorch checkpoint"
                )
            root = roots[0]
            order = archive.read(f"{root}byteorder") if f"{root}byteorder" in archive.namelist() else b"little"
            if order != b"little":
                raise BadInput(f"{path} has byte order {order!r}, not b'little': save it on a little-endian machine")
            content, wanted = _unpickle(path, io.BytesIO(_member(path, archive, f"{root}data.pkl")))
            read = lambda storage: _member(path, archive, f"{root}data/{storage.key}")
            return content, {key: _numbers(path, read(storage), storage) for key, storage in wanted.items()}
    except (zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise BadInput(f"{path} is cut short or damaged ({error}): download or save it anew") from error


def _member(path, archive, name):
    info = archive.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise BadInput(f"{path}: {name} is compressed, and torch.save stores: give the file as torch.save wrote it")
    return archive.read(info)


def _legacy(path, file):
    starts = [_unpickle(path, file)[0] for _ in range(2)]
    if starts != [_MAGIC, _PROTOCOL]:
        raise BadInput(f"{path} does not begin as a PyTorch checkpoint: give one, or save it anew")
    _unpickle(path, file)  # the machine that wrote it
    content, wanted = _unpickle(path, file)
    found = {}
    for key in _unpickle(path, file)[0]:
        storage = wanted[key]
        count = int.from_bytes(file.read(8), "little")
        if count != storage.size:
            raise BadInput(
                f"{path}: storage {key} has {count} numbers, not {storage.size}: the file is damaged, download it anew"
            )
        found[key] = _numbers(path, file.read(storage.size * np.dtype(storage.dtype).itemsize), storage)
    return content, found


def _numbers(path, raw, storage):
    size = storage.size * np.dtype(storage.dtype).itemsize
    if len(raw) != size:
        raise BadInput(
            f"{path}: storage {storage.key} has {len(raw)} bytes, not {size}: the file is cut short, download it anew"
        )
    return np.frombuffer(raw, storage.dtype)


def _unpickle(path, file):
    """(what is pickled next, {key: _Storage} that it speaks of)."""
    wanted = {}

    def rebuild(storage, offset, shape, strides, *_):
        return _Tensor(storage, offset, tuple(shape), tuple(strides))

    known = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): rebuild,
        ("torch._utils", "_rebuild_parameter"): lambda tensor, *_: tensor,
        **{("torch", name): dtype for name, dtype in _DTYPES.items()},
    }

    class Unpickler(pickle.Unpickler):
        def find_class(self, module, name):
            if (module, name) not in known:
                raise BadInput(
                    f"{path} asks for {module}.{name}, which a checkpoint of plain tensors does not: it was not run; "
                    "save model.state_dict() and nothing else"
                )
            return known[module, name]

        def persistent_load(self, pid):
            kind, dtype, key, _, size, *view = pid if len(pid) > 4 else [None] * 5
            if kind != "storage" or dtype not in _DTYPES.values() or not isinstance(size, int) or any(view):
                raise BadInput(f"{path} has a storage {pid!r}, which cannot be read: save it anew")
            return wanted.setdefault(key, _Storage(key, dtype, size))

    start = file.tell()
    for code, value, _ in pickletools.genops(file):  # a large index of the memo takes memory for all below it
        if code.name in ("PUT", "BINPUT", "LONG_BINPUT") and value > _MEMO:
            raise BadInput(
                f"{path} is damaged or no PyTorch checkpoint (place {value} of {_MEMO} at most): download or save it anew"
            )
    file.seek(start)
    return Unpickler(file).load(), wanted


def _name(path, name):
    if not isinstance(name, str):
        raise BadInput(f"{path} has a tensor named {name!r}, not by a word: save model.state_dict()")
    return name


def _array(path, name, x, storages):
    if not isinstance(x, _Tensor):
        raise BadInput(f"{path}: {name} is a {type(x).__name__}, not a tensor: save model.state_dict() alone")
    data = storages[x.storage.key]
    numbers = [x.offset, *x.shape, *x.strides]
    if not all(isinstance(n, int) and n >= 0 for n in numbers) or len(x.shape) != len(x.strides):
        raise BadInput(
            f"{path}: {name} has shape {x.shape}, strides {x.strides}, offset {x.offset}: the file is damaged"
        )
    last = x.offset + sum((n - 1) * step for n, step in zip(x.shape, x.strides, strict=True))
    if 0 not in x.shape and last >= data.size:
        raise BadInput(f"{path}: {name} reaches to number {last} of a storage of {data.size}: the file is damaged")
    steps = [step * data.itemsize for step in x.strides]
    start = data[min(x.offset, data.size) :]
    return np.lib.stride_tricks.as_strided(start, x.shape, steps, writeable=False)
