"""Laws that hold for whatever comes: hypothesis looks for what breaks them, always the same way."""

import contextlib
import json
import string
import unicodedata

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from jaxgan import BadInput, config, names, reading, recipes, runs
from jaxgan.data import batch, label_table, loader
from jaxgan.data.dataset import Spec, class_numbers, labels
from jaxgan.options import marks

settings.register_profile("always the same", derandomize=True, deadline=None, max_examples=60, database=None)
settings.load_profile("always the same")

SEEDS, SIZES = st.integers(0, 2**31), st.integers(1, 60)
PLACES = st.integers(0, 2**33)
ANY_NAME = st.text(st.characters(), max_size=200)  # halves of characters too
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda one: st.lists(one, max_size=4) | st.dictionaries(st.text(max_size=10), one, max_size=4),
    max_leaves=12,
)

# -- which samples a step sees


@given(SEEDS, st.integers(0, 500), SIZES)
def test_each_epoch_has_every_row_once(seed, epoch, size):
    assert sorted(loader.rows(seed, epoch * size, size, size)) == list(range(size))


@given(SEEDS, PLACES, st.integers(1, 90), st.integers(1, 90), SIZES)
def test_rows_do_not_depend_on_how_they_are_cut(seed, first, one, two, size):
    whole = loader.rows(seed, first, one + two, size)
    parts = loader.rows(seed, first, one, size), loader.rows(seed, first + one, two, size)
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert whole.dtype == np.int32 and whole.min() >= 0 and whole.max() < size


@given(st.integers(1, 30), st.integers(1, 200), st.integers(1, 20))
def test_shares_are_equal_and_in_order(classes, count, row):
    spec = Spec((), "int32", "", tuple(map(str, range(classes))))
    found = batch.shares(spec, count)
    assert len(found) == count and (np.diff(found) >= 0).all()
    often = np.bincount(found, minlength=classes)
    assert often.max() - often.min() <= 1 and len(often) == classes
    rows = batch.shares(spec, count, row)
    assert all(len(set(rows[i : i + row])) == 1 for i in range(0, count, row))


# -- names


@given(st.lists(ANY_NAME, max_size=12))
@example(["a", "A", "a_1", "a."])
@example(["con", "CON.txt", "_con"])
@example(["a/b", "a_b", "a\\b"])
def test_folders_are_one_part_each_and_no_two_alike(wild):
    found = names.folders(wild)
    assert len(found) == len(wild) == len({name.casefold() for name in found})
    for name in found:
        assert name and name not in (".", "..") and not set(name) & set('/\\\0:*?"<>|')
        assert name == name.strip(" .") and not name.startswith("-")
        assert len(name.encode(errors="surrogatepass")) <= 255


@given(ANY_NAME)
def test_what_is_shown_has_nothing_that_a_terminal_obeys(wild):
    found = names.shown(wild)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in found)
    assert names.shown(found) == found
    found.encode()


@given(st.lists(ANY_NAME, unique=True, max_size=8))
def test_class_names_stay_short(wild):
    assert all(len(name) <= names.MOST for name in names.plain(wild))


# -- labels


@given(st.lists(st.integers(0, 2**40), min_size=1, max_size=30))
def test_class_numbers_are_those_that_occur_and_take_no_more_room(numbers):
    found, spec = labels("some", np.array(numbers), len(numbers))
    assert [int(spec.classes[i]) for i in found] == numbers
    assert len(spec.classes) == len(set(numbers)) and found.dtype == np.int32


@given(st.lists(st.text(string.ascii_letters, min_size=1, max_size=8), min_size=1, max_size=20))
def test_words_come_back_from_their_numbers(words):
    found, spec = labels("some", np.array(words), len(words))
    assert [spec.classes[i] for i in found] == words and list(spec.classes) == sorted(set(words))


FILES = st.lists(st.text(string.ascii_lowercase + "0_", min_size=1, max_size=6), min_size=1, max_size=6, unique=True)
LABELS = st.integers(-5, 10**10) | st.floats(allow_nan=True) | st.text(max_size=4) | st.none() | st.booleans()


@given(FILES, st.data())
def test_a_table_gives_labels_or_says_what_is_wrong_with_it(files, data):
    content = {f"{name}.png": data.draw(LABELS | st.lists(LABELS, max_size=3)) for name in files}
    with contextlib.suppress(BadInput):
        table = label_table._table("dataset.json", json.dumps(content).encode())
        label, classes, _ = label_table.labels(table, [f"{name}.png" for name in files])
        assert label is None or len(label) == len(files)
        assert label is None or label.ndim == 2 or label.max() < len(classes)


@given(st.binary(max_size=200))
@example(b"file,label\na.png,1\n")
@example(b'{"labels": [["a.png", 1]]}')
@example(b"\xef\xbb\xbffile,label\r\na.png,2147483646\r\n")
def test_a_table_of_any_bytes_is_read_or_refused(raw):
    for suffix in ("csv", "json"):
        with contextlib.suppress(BadInput):
            label_table.labels(label_table._table(f"labels.{suffix}", raw), ["a.png"])


@given(FILES, st.permutations(range(6)))
def test_labels_follow_their_files_in_any_order(files, order):
    rows = {f"{name}.png": i for i, name in enumerate(files)}
    shuffled = {key: rows[key] for _, key in sorted(zip(order, rows, strict=False))}
    assume(len(shuffled) == len(rows))
    for text, suffix in (
        (json.dumps(shuffled), "json"),
        ("file,label\n" + "".join(f"{k},{v}\n" for k, v in shuffled.items()), "csv"),
    ):
        table = label_table._table(f"labels.{suffix}", text.encode())
        label, classes, _ = label_table.labels(table, list(rows))
        assert [int(classes[i]) for i in label] == list(range(len(files)))


# -- configs


@pytest.mark.parametrize("name", ["ring", "stylegan2", "segment"])
@given(
    content=st.dictionaries(
        st.text(max_size=12) | st.sampled_from(["lr_g", "steps", "data", "loss", "flip"]), JSON, max_size=4
    )
)
def test_a_config_of_any_json_is_one_or_is_refused(name, content):
    kind = recipes.get(name).Config
    with contextlib.suppress(BadInput):
        made = config.from_json(kind, content, "some.json")
        marks.check(made)
        assert {key: list(v) if isinstance(v := getattr(made, key), tuple) else v for key in content} == content


@given(st.data())
def test_a_number_is_taken_in_its_range_alone(data):
    kind = recipes.get("ring").Config
    ranged = {n: f for n, f in marks.fields(kind).items() if f.range is not None and f.kind in (int, float)}
    name = data.draw(st.sampled_from(sorted(ranged)))
    value = data.draw(st.integers(-10, 2**33) if ranged[name].kind is int else st.floats())
    if ranged[name].range.holds(value):
        with contextlib.suppress(BadInput):  # it may contradict another field
            kind(**{name: value})
    else:
        with pytest.raises(BadInput, match=name.replace("_", "-")):
            kind(**{name: value})


@given(st.text(max_size=300) | JSON.map(lambda x: json.dumps(x, default=str)))
def test_any_text_is_json_or_a_value_error(text):
    with contextlib.suppress(ValueError):
        reading.json_from(text)


@given(st.lists(st.binary(max_size=60).filter(lambda raw: b"\n" not in raw), max_size=8), st.integers(0, 8))
def test_rows_are_read_whatever_lies_between_them(tmp_path_factory, rubbish, at):
    path = tmp_path_factory.mktemp("rows") / "metrics.jsonl"
    rows = [{"step": i, "loss_g": 0.5} for i in range(4)]
    lines = [json.dumps(row).encode() for row in rows]
    path.write_bytes(b"\n".join([*lines[:2], *rubbish, *lines[2:]]) + b"\n")
    found = [row for row in runs.read_metrics(path) if row.get("loss_g") == 0.5]
    assert found == rows


@given(st.lists(st.text(min_size=1, max_size=5), min_size=1, max_size=9, unique=True))
def test_names_and_numbers_of_classes_belong_together(classes):
    label, spec = class_numbers(range(len(classes)), classes)
    assert len(spec.classes) == len(label)
