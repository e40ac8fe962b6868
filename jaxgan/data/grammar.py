"""A small grammar of English sentences, written for this package: to draw from, and to tell what belongs to it.

Subject and verb agree in number across whatever stands between them, "the cats that see a dog run.", which no chain of a few
characters can know.
"""

from collections.abc import Mapping

import numpy as np

LONGEST = 32  # characters of a sentence
START = "Sentence"
RULES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    START: (("One", " ", "Does", "."), ("Many", " ", "Do", ".")),
    "One": (
        *(("a ", "Noun"), ("the ", "Noun"), ("a ", "Adjective", " ", "Noun"), ("the ", "Adjective", " ", "Noun")),
        ("the ", "Noun", " that ", "Does"),
    ),
    "Many": (
        *(("the ", "Noun", "s"), ("two ", "Noun", "s"), ("the ", "Adjective", " ", "Noun", "s")),
        *(("two ", "Adjective", " ", "Noun", "s"), ("the ", "Noun", "s that ", "Do")),
    ),
    "Does": (("Go", "s"), ("Go", "s ", "Adverb"), ("See", "s ", "One"), ("See", "s ", "Many")),
    "Do": (("Go",), ("Go", " ", "Adverb"), ("See", " ", "One"), ("See", " ", "Many")),
    "Noun": tuple((word,) for word in ["bird", "boy", "cat", "cow", "dog", "frog", "girl", "hen", "king", "pig"]),
    "Adjective": tuple((word,) for word in ["big", "black", "happy", "lazy", "red", "small", "wise", "young"]),
    "Go": tuple((word,) for word in ["jump", "run", "sing", "sleep", "swim", "walk"]),
    "See": tuple((word,) for word in ["find", "help", "like", "love", "meet", "see"]),
    "Adverb": tuple((word,) for word in ["again", "often", "slowly", "soon", "today"]),
}
"""{symbol: what it may become}, each as likely as the others; what is no symbol, all in small letters, is text."""


def accepts(text: str) -> bool:
    """Whether a text is a sentence of at most 32 characters, to the last one: by parsing it."""
    return len(text) <= LONGEST and len(text) in _ends(START, text, 0, {})


def draw(random: np.random.RandomState) -> str:
    """A sentence: what the rules give, drawn anew while it is too long."""
    while True:
        text = _expanded(START, random)
        if len(text) <= LONGEST:
            return text


def sentences(count: int, seed: int = 0) -> list[str]:
    """So many different sentences, the same every time, those first that were drawn first."""
    random = np.random.RandomState(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[draw(random)] = None
    return list(found)


def _expanded(symbol, random):
    if symbol not in RULES:
        return symbol
    ways = RULES[symbol]
    return "".join(_expanded(part, random) for part in ways[random.randint(len(ways))])


def _ends(symbol, text, at, known):
    """Set of the places at which a part of the text can end that begins at `at` and is this symbol."""
    if symbol not in RULES:
        return {at + len(symbol)} if text.startswith(symbol, at) else set()
    if (symbol, at) not in known:  # no symbol begins with itself
        found = set()
        for way in RULES[symbol]:
            ends = {at}
            for part in way:
                ends = {end for begin in ends for end in _ends(part, text, begin, known)}
            found |= ends
        known[symbol, at] = found
    return known[symbol, at]
