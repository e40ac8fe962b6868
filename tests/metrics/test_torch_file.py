"""Checkpoints of PyTorch's, read without it: what they hold, what they may not do, damage."""

import collections
import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from jaxgan import BadInput
from jaxgan.metrics.features import convert, inception, torch_file

SCRIPT = Path(__file__).parents[2] / "scripts" / "convert_inception.py"
NUMBERS = {  # storages
    "0": np.arange(12, dtype=np.float32),
    "1": np.arange(6, dtype=np.float16),
    "2": np.array([7, 2**40], np.int64),
}
KINDS = {"float32": "FloatStorage", "float16": "HalfStorage", "int64": "LongStorage"}
EXPECTED = {
    "plain": NUMBERS["0"].reshape(3, 4),
    "turned": NUMBERS["0"].reshape(3, 4).T,
    "later": NUMBERS["0"][5:9].reshape(2, 2),
    "half": NUMBERS["1"].reshape(1, 6),
    "long": NUMBERS["2"],
    "scalar": np.array(NUMBERS["2"][1]),
    "parameter": NUMBERS["1"],
    "wide": np.broadcast_to(NUMBERS["0"][3], (2, 3)),
}


def plain(x):
    """Opcodes that put ints, words and tuples on the stack."""
    return pickle.dumps(x, 2)[2:-1]


def name(module, word):
    return b"c" + f"{module}\n{word}\n".encode()


def tensor(key, shape, strides, offset=0, size=None, kind=None):
    kind = name("torch", kind or KINDS[str(NUMBERS[key].dtype)])
    size = NUMBERS[key].size if size is None else size
    storage = b"(" + plain("storage") + kind + plain(key) + plain("cpu") + plain(size) + b"tQ"
    hooks = name("collections", "OrderedDict") + b")R"
    inner = storage + plain(offset) + plain(shape) + plain(strides) + b"\x89" + hooks
    return name("torch._utils", "_rebuild_tensor_v2") + b"(" + inner + b"tR"


def parameter(inner):
    return (
        name("torch._utils", "_rebuild_parameter")
        + b"("
        + inner
        + b"\x88"
        + name("collections", "OrderedDict")
        + b")RtR"
    )


def ordered(**items):
    """A pickled OrderedDict with an attribute, as state_dict() gives it."""
    inner = b"".join(plain(k) + x for k, x in items.items())
    return b"\x80\x02" + name("collections", "OrderedDict") + b")R(" + inner + b"u}" + plain("_metadata") + b"}sb."


def usual():
    return ordered(
        plain=tensor("0", (3, 4), (4, 1)),
        turned=tensor("0", (4, 3), (1, 4)),
        later=tensor("0", (2, 2), (2, 1), offset=5),
        half=tensor("1", (1, 6), (6, 1)),
        long=tensor("2", (2,), (1,)),
        scalar=tensor("2", (), (), offset=1),
        parameter=parameter(tensor("1", (6,), (1,))),
        wide=tensor("0", (2, 3), (0, 0), offset=3),
    )


def zipped(content, keys=NUMBERS, order="little", **how):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **how) as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", order)
        for key in keys:
            archive.writestr(f"archive/data/{key}", NUMBERS[key].tobytes())
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def legacy(content, keys=NUMBERS):
    start = [0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}]
    content = content.replace(b"tQ", b"NtQ")  # a storage says whether it is a view of another: None
    raw = b"".join(NUMBERS[k].size.to_bytes(8, "little") + NUMBERS[k].tobytes() for k in keys)
    return b"".join(pickle.dumps(x, 2) for x in start) + content + pickle.dumps(list(keys), 2) + raw


FORMATS = {"zip": zipped, "legacy": legacy}


@pytest.fixture(params=FORMATS)
def wrap(request):
    return FORMATS[request.param]


def read(tmp_path, raw):
    (tmp_path / "checkpoint.pth").write_bytes(raw)
    return torch_file.read(tmp_path / "checkpoint.pth")


def test_both_formats_are_read(wrap, tmp_path):
    found = read(tmp_path, wrap(usual()))
    assert list(found) == list(EXPECTED)
    for word, x in EXPECTED.items():
        assert found[word].dtype == x.dtype and found[word].shape == x.shape
        np.testing.assert_array_equal(found[word], x)


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f"touch {self.path}",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_pickled_code_is_refused_and_not_run(wrap, protocol, tmp_path):
    mark = tmp_path / "was-run"
    evil = pickle.dumps({"weight": Evil(mark)}, protocol)
    with pytest.raises(BadInput, match=r"asks for (posix|nt)\.system.*was not run"):
        read(tmp_path, wrap(evil))
    assert not mark.exists()
    pickle.loads(evil)  # it would have
    assert mark.exists()


def test_code_in_every_pickle_of_the_older_format_is_refused(tmp_path):
    mark = tmp_path / "was-run"
    evil = pickle.dumps(Evil(mark), 2)
    good = [pickle.dumps(x, 2) for x in (0x1950A86A20F9469CFC6C, 1001, {}, {}, [])]
    for i in range(5):
        with pytest.raises(BadInput, match="was not run"):
            read(tmp_path, b"".join([*good[:i], evil, *good[i + 1 :]]))
    assert not mark.exists()


@pytest.mark.parametrize(
    "word", ["builtins eval", "torch load", "torch._utils _rebuild_tensor", "torch BFloat16Storage"]
)
def test_other_globals_are_named(wrap, word, tmp_path):
    module, _, word = word.partition(" ")
    with pytest.raises(BadInput, match=f"asks for {module}.{word}"):
        read(tmp_path, wrap(ordered(weight=name(module, word))))


def test_a_file_cut_anywhere_is_refused(wrap, tmp_path):
    raw = wrap(usual())
    for end in [*range(0, len(raw), 37), len(raw) - 1]:
        with pytest.raises(BadInput, match=r"checkpoint\.pth"):
            read(tmp_path, raw[:end])


def test_a_changed_byte_never_ends_in_another_error(wrap, tmp_path):
    raw, draw, refused = wrap(usual()), np.random.RandomState(0), 0
    for _ in range(400):
        changed = bytearray(raw)
        changed[draw.randint(len(raw))] = draw.randint(256)
        try:
            assert all(isinstance(x, np.ndarray) for x in read(tmp_path, bytes(changed)).values())
        except BadInput:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize(
    ("shape", "strides", "more", "words"),
    [
        ((3, 4), (4, 1), {"offset": 1}, "reaches to number 12 of a storage of 12"),
        ((3, 4), (5, 1), {}, "reaches to number 13"),
        ((3, 4), (-4, 1), {}, "strides"),
        ((3, 4), (4,), {}, "strides"),
        ((3,), (1,), {"size": 13}, "storage 0 has (48 bytes, not 52|12 numbers, not 13)"),
        ((3,), (1,), {"size": 11}, "storage 0 has (48 bytes, not 44|12 numbers, not 11)"),
        ((3,), (1,), {"kind": "DoubleStorage"}, "storage 0 has 48 bytes, not 96"),
    ],
)
def test_tensors_that_reach_out_of_their_storage_are_refused(wrap, shape, strides, more, words, tmp_path):
    with pytest.raises(BadInput, match=words):
        read(tmp_path, wrap(ordered(weight=tensor("0", shape, strides, **more)), keys=["0"]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (pickle.dumps([1, 2], 2), "holds a list, not a dict"),
        (pickle.dumps({}, 2), "not a dict of tensors"),
        (pickle.dumps({"epoch": 3}, 2), "epoch is a int, not a tensor"),
        (pickle.dumps({"model": {}}, 2), "model is a dict, not a tensor"),
        (b"\x80\x02r\xff\xff\xff\x7f}.", "place 2147483647 of 1048576"),
    ],
)
def test_other_contents_are_named(wrap, content, words, tmp_path):
    with pytest.raises(BadInput, match=words):
        read(tmp_path, wrap(content, keys=[]))


def test_foreign_files_are_refused(tmp_path):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("picture.png", b"")
    for raw, words in (
        (b"", "damaged or no PyTorch checkpoint"),
        (b"<html>Not Found</html>", "damaged or no PyTorch checkpoint"),
        (pickle.dumps(1) + pickle.dumps(2), "does not begin as a PyTorch checkpoint"),
        (archive.getvalue(), "0 data.pkl"),
        (zipped(usual(), keys=["0", "1"]), "cut short or damaged"),
        (zipped(usual(), order="big"), "byte order b'big'"),
        (zipped(usual()[:-1] + b"X\x01\x00\x00\x00aQ."), "has a storage .a., which cannot be read"),
        (zipped(usual(), compression=zipfile.ZIP_DEFLATED), "is compressed"),
    ):
        with pytest.raises(BadInput, match=words):
            read(tmp_path, raw)
    with pytest.raises(BadInput, match="No such file"):
        torch_file.read(tmp_path / "nothing.pth")


def checkpoint(tmp_path, shapes):
    """A checkpoint in the older format; every tensor is a view of one storage of 0, 1, 2, ..."""
    NUMBERS["all"] = np.arange(max(int(np.prod(s)) for s in shapes.values()), dtype=np.float32)
    strides = lambda shape: tuple(int(np.prod(shape[i + 1 :])) for i in range(len(shape)))
    raw = legacy(ordered(**{k: tensor("all", s, strides(s)) for k, s in shapes.items()}), keys=["all"])
    del NUMBERS["all"]
    (tmp_path / "checkpoint.pth").write_bytes(raw)
    return tmp_path / "checkpoint.pth"


@pytest.fixture(scope="module")
def shapes():
    turned = {4: (3, 2, 0, 1), 2: (1, 0), 1: (0,)}
    return {k: tuple(s[i] for i in turned[len(s)]) for k, s in inception.shapes().items()}


def test_the_converter_says_what_it_read_and_overwrites_nothing(shapes, tmp_path, monkeypatch):
    source, out = (
        checkpoint(tmp_path, {**shapes, "Mixed_5b.branch1x1.bn.num_batches_tracked": ()}),
        tmp_path / "out.npz",
    )
    run = lambda: subprocess.run([sys.executable, SCRIPT, source, out], capture_output=True, text=True)
    done = run()
    digest = subprocess.run(["sha256sum", source], capture_output=True, text=True).stdout.split()[0]
    assert done.returncode == 0, done.stderr
    assert digest in done.stdout and "not the public one" in done.stdout
    assert str(np.load(out)["source_sha256"]) == digest
    assert inception.load(out).name.startswith("inception-") and inception.load(out).name != "inception-tf"
    kernel = np.arange(64 * 48 * 5 * 5, dtype=np.float32).reshape(64, 48, 5, 5)
    found = inception.load(out).variables["Mixed_5b.branch5x5_2.conv.weight"]
    np.testing.assert_array_equal(found, kernel.transpose(2, 3, 1, 0))
    monkeypatch.setattr(inception, "SOURCE", digest)
    assert inception.load(out).name == "inception-tf"
    before = out.read_bytes()
    again = run()
    assert again.returncode == 2 and "nothing is overwritten" in again.stderr and again.stdout == ""
    assert out.read_bytes() == before and sorted(p.name for p in tmp_path.iterdir()) == ["checkpoint.pth", "out.npz"]


def test_the_converter_refuses_another_network_and_leaves_nothing(shapes, tmp_path):
    wrong = collections.OrderedDict(shapes, **{"fc.bias": (1000,)})
    lacking = {k: s for k, s in shapes.items() if k != "fc.bias"}
    for others, words in (
        (wrong, r"fc.bias is float32 \[1000\], not float32 \[1008\]"),
        (lacking, "lacks fc.bias"),
        ({**shapes, "AuxLogits.fc.bias": (3,)}, "holds AuxLogits.fc.bias"),
    ):
        with pytest.raises(BadInput, match=words):
            convert.inception_of_torch(checkpoint(tmp_path, others), tmp_path / "out.npz")
    with pytest.raises(BadInput, match="cannot be written"):
        convert.inception_of_torch(checkpoint(tmp_path, shapes), tmp_path / "nowhere" / "out.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pth"]


def test_a_conversion_that_fails_midway_leaves_nothing(shapes, tmp_path, monkeypatch):
    def full(file, **_):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(BadInput, match="No space left"):
        convert.inception_of_torch(checkpoint(tmp_path, shapes), tmp_path / "out.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint.pth"]


@pytest.mark.referee
@pytest.mark.parametrize("zip_format", [True, False])
def test_what_torch_saves_is_read(zip_format, tmp_path):
    torch = pytest.importorskip("torch")
    whole = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    tensors = {
        **net.state_dict(),
        "turned": whole.permute(2, 0, 1),
        "part": whole[1, 1:, ::2],
        "half": whole.half(),
        "long": whole.long(),
        "wide": torch.ones(1).expand(5, 2),
        "empty": torch.zeros(0, 3),
        "parameter": torch.nn.Parameter(whole.double()),
        "bool": whole > 3,
    }
    torch.save(tensors, tmp_path / "saved.pth", _use_new_zipfile_serialization=zip_format)
    found = torch_file.read(tmp_path / "saved.pth")
    assert list(found) == list(tensors)
    for word, x in tensors.items():
        np.testing.assert_array_equal(found[word], x.detach().numpy(), strict=True)
    torch.save(net, tmp_path / "net.pth", _use_new_zipfile_serialization=zip_format)
    with pytest.raises(BadInput, match=r"torch\.nn\.modules|persistent|damaged"):
        torch_file.read(tmp_path / "net.pth")
