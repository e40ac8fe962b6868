"""Texts: a file cut into windows or lines of characters or words, and a grammar that knows its own sentences."""

import json
import re
import sys

import numpy as np
import pytest

from jaxgan import BadInput, data, evaluation, inference, runs
from jaxgan.cli import main
from jaxgan.data import dataset, grammar, inspect
from jaxgan.data.sources import text as source
from jaxgan.modalities import text

VERSE = "The owl and the pussy-cat\nwent to sea\n\n in a beautiful pea-green boat,\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "verse.txt"
    path.write_text(VERSE)
    return path


def read(word, length=8, part=data.load):
    """(what the rows say, classes)."""
    found = part(str(word), length=length)
    classes = found.specs["text"].classes
    rows = found["text"][np.arange(len(found["text"]))]
    assert rows.dtype == np.int32 and rows.shape[1:] == found.specs["text"].shape == (length,)
    return [text.text(row, classes) for row in rows], classes


def test_windows_begin_at_every_place_of_the_first_nine_tenths(file):
    whole = " ".join(VERSE.split())
    cut = len(whole) - len(whole) // 10
    rows, classes = read(file)
    assert rows == [whole[i : i + 8] for i in range(cut - 7)]
    assert sorted(classes) == sorted(set(whole)) and classes[0] == " " and "" not in classes
    assert read(file, 4, data.held_out)[0] == [whole[i : i + 4] for i in range(cut, len(whole) - 3)]
    assert data.held_out(str(file), length=8) is None  # the rest is shorter


def test_lines_are_cut_and_padded(file):
    rows, classes = read(f"lines:{file}", 12)
    assert rows == ["The owl and ", "went to sea", "in a beautif"] and classes[0] == ""
    assert data.held_out(f"lines:{file}", length=12) is None
    assert data.load(f"lines:{file}", length=12)["text"][1][-1] == 0


def test_words_are_symbols(file):
    words = VERSE.split()
    rows, classes = read(f"words:{file}", 3)
    assert rows == [" ".join(words[i : i + 3]) for i in range(len(words) - len(words) // 10 - 2)]
    assert set(classes) == {f" {word}" for word in words}
    rows, _ = read(f"words:lines:{file}", 4)
    assert rows == ["The owl and the", "went to sea", "in a beautiful pea-green"] == read(f"lines:words:{file}", 4)[0]


def test_the_rarest_words_are_one(tmp_path):
    words = [f"w{i}" for i in range(3000)]
    (tmp_path / "many.txt").write_text(" ".join(words + words[:5]))
    rows, classes = read(f"words:{tmp_path / 'many.txt'}", 2)
    assert len(classes) == source.MOST_SYMBOLS and classes[-1] == source.RARE
    assert set(classes[:5]) == {f" {word}" for word in words[:5]}
    assert rows[0] == "w0 w1" and rows[900] == "<unk> <unk>"


def test_words_that_are_known_stay_so_in_a_text_of_more_others(tmp_path):
    known, others = [f"w{i}" for i in range(2500)], [f"o{i}" for i in range(2500)]
    (tmp_path / "train.txt").write_text(" ".join(known * 2))
    (tmp_path / "other.txt").write_text(" ".join(others * 2 + known[:2]))
    trained = data.load(f"words:{tmp_path / 'train.txt'}", length=2)
    found = data.load(f"words:{tmp_path / 'other.txt'}", length=2, like=trained)
    assert found.specs["text"].classes == trained.specs["text"].classes
    said = lambda row: text.text(found["text"][np.array([row])][0], found.specs["text"].classes)
    assert said(0) == "<unk> <unk>"
    whole = data.load(f"words:{tmp_path / 'other.txt'}", length=2, split="", like=trained)
    held = data.held_out(f"words:{tmp_path / 'other.txt'}", length=2, like=trained)
    assert held.specs["text"].classes == trained.specs["text"].classes and len(whole["text"]) > len(held["text"])
    last = held["text"][np.array([len(held["text"]) - 1])][0]
    assert text.text(last, held.specs["text"].classes) == "w0 w1"


@pytest.mark.parametrize(("often", "letter"), [(1, "w"), (500, "w"), (1, "!")])  # words behind it, or before it
def test_a_corpus_with_the_rare_symbol_has_it_once(often, letter, tmp_path):
    words = [f"{letter}{i}" for i in range(3000)]
    (tmp_path / "many.txt").write_text(" ".join(["<unk>"] * often + words + words[:5]))
    rows, classes = read(f"words:{tmp_path / 'many.txt'}", 2)
    assert len(set(classes)) == len(classes) == source.MOST_SYMBOLS and source.RARE in classes
    assert rows[often - 1] == f"<unk> {letter}0" and rows[often] == f"{letter}0 {letter}1"
    assert rows[often + 900] == "<unk> <unk>" and (classes[0] == source.RARE) == (often == 500)
    (tmp_path / "few.txt").write_text("a <unk> b " * 9)
    assert set(read(f"words:{tmp_path / 'few.txt'}", 2)[1]) == {" a", " b", source.RARE}


def test_symbols_are_what_the_file_has(tmp_path):
    path, joined, long = tmp_path / "fa.txt", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "x" * 500
    path.write_text(f"{joined} {long} and\u00ad so on " * 5, encoding="utf-8")
    rows, classes = read(path, 9)
    assert rows[0] == f"{joined} " and "\u200c" in classes and {len(one) for one in classes} == {1}
    rows, classes = read(f"words:{path}", 3)
    assert rows[0] == f"{joined} {long} and\u00ad" and f" {long}" in classes
    kept = data.load(f"words:{path}", length=3).info
    assert (
        dataset.info_from_json(
            json.loads(
                json.dumps({**kept._asdict(), "specs": {name: spec._asdict() for name, spec in kept.specs.items()}})
            )
        )
        == kept
    )


def test_what_a_device_gathers_is_what_numpy_gathers(file):
    import jax

    for word in (file, f"lines:{file}"):
        view = data.load(str(word), length=9)["text"]
        rows = np.array([[0, 2], [1, 0]], np.int32)
        ours = jax.jit(view.gather)(view.arrays, rows)
        np.testing.assert_array_equal(ours, view[rows])
        assert ours.dtype == np.int32 and ours.shape == (2, 2, 9)
    windows, other = data.load(str(file), length=9), data.load(str(file), length=9)
    other["text"].arrays["symbols"] = np.roll(other["text"].arrays["symbols"], 1)
    assert windows.sha256 != other.sha256


@pytest.mark.parametrize(
    ("content", "word", "length", "said"),
    [
        (b"short", "{}", 8, "has 5 characters, of which 5 are trained on: set --length to that or less"),
        (b"one two", "words:{}", 3, "has 2 words, of which 2 are"),
        (b"caf\xe9 is not UTF-8", "{}", 4, "is not in UTF-8 (at byte 3): write it anew"),
        (b"  \n \n", "lines:{}", 4, "has no text in it"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 2100))).encode(), "{}", 4, "has 2100 characters, at most 2048 can"),
        ("".join(map(chr, range(0x4E00, 0x4E00 + 2100))).encode(), "lines:{}", 4, None),  # of which 4 are kept
        (b"x" * 100, "{}", 10**6, "has 100 characters, of which 90 are trained on"),
        (None, "lines:{}", 4, "cannot be read (No such file"),
    ],
)
def test_what_is_no_text_is_told_in_a_line(content, word, length, said, tmp_path):
    path = tmp_path / "some.txt"
    if content is not None:
        path.write_bytes(content)
    word = word.format(path)
    if said is None:
        assert data.load(word, length=length).size == 1
        return
    with pytest.raises(BadInput, match=re.escape(said)):
        data.load(word, length=length)


def test_a_large_file_is_not_read_whole(tmp_path, monkeypatch):
    (tmp_path / "some.txt").write_text("x" * 1000)
    monkeypatch.setattr(source, "MOST_BYTES", 999)
    with pytest.raises(BadInput, match="more than 999 bytes"):
        data.load(str(tmp_path / "some.txt"))


@pytest.mark.parametrize(("flag", "value"), [("resolution", 32), ("channels", 3), ("rate", 8000.0)])
def test_what_text_does_not_have_is_refused(flag, value, file):
    with pytest.raises(BadInput, match=f"texts, which have no {flag}: remove --{flag}"):
        data.load(str(file), **{flag: value}, length=8)


def test_a_check_says_what_the_symbols_are(file):
    lines, problems = inspect.check(str(file))
    assert problems == [] and any("32 of 23 characters" in line for line in lines)


def test_sentences_are_of_the_grammar_and_the_held_out_ones_are_others():
    made, others = data.load("sentences"), data.held_out("sentences")
    assert (made.size, others.size) == (20_000, 5_000) and made.specs["text"] == others.specs["text"]
    x, y = (np.asarray(part["text"][np.arange(part.size)]) for part in (made, others))
    assert len({row.tobytes() for row in np.concatenate([x, y])}) == 25_000
    assert source.accepted(x[:500]).all() and source.accepted(y[:500]).all()
    assert set(np.unique(x)) == set(range(len(made.specs["text"].classes)))
    with pytest.raises(BadInput, match="up to 32 characters: set --length 32 or more"):
        data.load("sentences", length=31)
    longer = data.load("sentences", length=40)["text"][np.arange(3)]
    np.testing.assert_array_equal(longer, np.pad(x[:3], ((0, 0), (0, 8))))


def test_the_grammar_accepts_its_language_and_nothing_else():
    drawn = grammar.sentences(300, seed=1)
    assert all(map(grammar.accepts, drawn))
    wrong = [
        "the cats that see a dog runs.",  # a verb that agrees with the nearest noun, and not with its own
        "the cat that sees two dogs run.",
        "a cats run.",
        "two cat runs.",
        "the cat runs",
        "the cat runs..",
        "the cat  runs.",
        " the cat runs.",
        "the cat sees.",
        "the big cat that sleeps runs.",
        "",
    ]
    assert [one for one in wrong if grammar.accepts(one)] == []
    longest = "the cats that see a dog run."
    assert grammar.accepts(longest) and not grammar.accepts("the frogs that sleep meet two birds.")  # 36 characters
    # one letter elsewhere is never a sentence of the same words
    swapped = [one[:3] + one[4] + one[3] + one[5:] for one in drawn]
    assert not any(grammar.accepts(b) for a, b in zip(drawn, swapped, strict=True) if a != b)


def test_accepting_and_enumerating_are_one_language():
    """All that the rules give, of two words of each kind, against the parser, on all texts of those words."""
    few = {symbol: ways[:2] if all(len(way) == 1 for way in ways) else ways for symbol, ways in grammar.RULES.items()}

    def given(symbol, room):
        if symbol not in few:
            return {symbol} if len(symbol) <= room else set()
        found = set()
        for way in few[symbol]:
            made = {""}
            for part in way:
                made = {a + b for a in made for b in given(part, room - len(a))}
            found |= made
        return found

    sentences = given(grammar.START, 20)
    assert len(sentences) > 50 and all(map(grammar.accepts, sentences))
    words = sorted({word for one in sentences for word in re.findall(r"[a-z]+|\.", one)})
    draw = np.random.default_rng(0)
    for _ in range(2000):  # texts of the same words: the parser says no more and no less
        chosen = " ".join(draw.choice(words, draw.integers(2, 5))).replace(" .", ".")
        if len(chosen) <= 20:
            assert grammar.accepts(chosen) == (chosen in sentences), chosen


def test_padding_inside_a_sentence_is_refused():
    found = data.load("sentences")
    row = np.asarray(found["text"][np.arange(1)])
    apart = np.insert(row, 3, 0, axis=1)[:, :32]
    assert source.accepted(row).all() and not source.accepted(apart).any()


def test_a_run_of_one_s_own_text(file, tmp_path):
    """Trained, sampled to a file of lines and to a folder, and compared with another file whose symbols have other numbers."""
    file.write_text(VERSE * 10)
    run, flags = tmp_path / "run", ["--tiny", "--steps", "2", "--log-every-steps", "2", "--length", "10"]
    assert main(["train", "text_gan", *flags, "--data", str(file), "--out", str(run)]) == 0
    assert main(["sample", str(run), "--num", "5", "--out", str(tmp_path / "lines.txt")]) == 0
    lines = (tmp_path / "lines.txt").read_text().splitlines()
    assert len(lines) == 5 and {len(line) for line in lines} == {10} and set("".join(lines)) <= set(VERSE)
    assert main(["sample", str(run), "--num", "5", "--out", str(tmp_path / "each")]) == 0
    assert [path.read_text().rstrip("\n") for path in sorted((tmp_path / "each").iterdir())] == lines

    opened = runs.open_run(run)
    (tmp_path / "other.txt").write_text("a pea in the boat and a cat in the sea " * 3)
    mine, other = inference.data_of(opened, held_out=str(tmp_path / "other.txt"))
    assert other.specs["text"] == mine.specs["text"] == opened.made
    assert text.text(other["text"][np.arange(1)][0], opened.made.classes) == "a pea in t"
    (tmp_path / "strange.txt").write_text("\xe7edilla " * 20)
    with pytest.raises(BadInput, match="1 symbols, the first is '\xe7', are none of the 23 that are known"):
        inference.data_of(opened, held_out=str(tmp_path / "strange.txt"))


def test_real_texts_are_as_new_as_held_out_ones_beside_all_that_were_trained_on(tmp_path, capsys):
    draw = np.random.default_rng(0)
    lines = [f"s{a} v{b}" for a, b in zip(*draw.integers(0, (40, 20), (2000, 2)).T, strict=True)]
    lines[1800:1850] = [f"x{i}" for i in range(50)]  # a quarter of the held-out ones
    known, alone = tmp_path / "some.txt", tmp_path / "all.txt"
    known.write_text("\n".join(lines))
    alone.write_text("\n".join(lines[:9]))  # whose tenth is no line
    share = np.mean([line not in set(lines[:1800]) for line in lines[1800:]])
    assert 0.2 < share < 0.5
    for file in (known, alone):
        run = tmp_path / file.stem
        flags = ["--tiny", "--steps", "1", "--length", "8", "--data", f"lines:{file}", "--out", str(run)]
        assert main(["train", "text_gan", *flags]) == 0
    for split in ("train", "test"):
        done = evaluation.evaluate(tmp_path / "some", num=300, split=split, say=lambda line: None)
        assert done.reference["novel"] == share == done.as_json()["real_data"]["novel"]
        assert "real data of novel: 200 held-out texts against all that were trained on" in done.table()
    done = evaluation.evaluate(tmp_path / "all", num=300, say=lambda line: None)
    assert "novel" not in done.reference and "distinct" in done.reference and "real data of novel" not in done.table()
    capsys.readouterr()


def test_copies_of_any_training_text_are_not_new(tmp_path, monkeypatch):
    """More of them than are looked at, and held-out ones that are others: in both splits what was trained on counts."""
    import jax.numpy as jnp

    evaluation = sys.modules["jaxgan.evaluation.evaluate"]
    words = " ".join(f"w{i}" for i in np.random.default_rng(0).integers(0, 40, 3000))
    (tmp_path / "some.txt").write_text(words)
    source = f"words:{tmp_path / 'some.txt'}"
    column = data.load(source, length=6)["text"]
    monkeypatch.setattr(evaluation, "REAL", 100)
    monkeypatch.setattr("jaxgan.evaluation.periodic.REAL", 100)
    real = evaluation.extract.FeatureExtractor.fake

    def copied(self, *args, **kwargs):
        found = real(self, *args, **kwargs)
        rows = np.arange(len(found.samples)) * 7
        return found._replace(samples=np.asarray(jnp.asarray(column[rows])))

    monkeypatch.setattr(evaluation.extract.FeatureExtractor, "fake", copied)
    run, every = tmp_path / "run", ["--log-every-steps", "1", "--evaluate-all-every-steps", "1"]
    flags = ["--tiny", "--steps", "1", "--length", "6", "--evaluate-samples", "60", *every]
    assert main(["train", "text_gan", *flags, "--data", source, "--out", str(run)]) == 0
    assert runs.read_metrics(run / "metrics.jsonl")[-1]["novel"] == 0
    for split in ("train", "test"):
        done = evaluation.evaluate(run, num=60, split=split, say=lambda line: None)
        (novel,) = (score for score in done.scores if score.name == "novel")
        assert novel.value == 0 and novel.protocol.real == len(column)
        assert novel.protocol.split == "train" and novel.protocol.data_sha256 == runs.open_run(run).data.sha256
