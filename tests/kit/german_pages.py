"""The texts that pages send to the browser, and which of them are still English."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from string import Formatter
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from tests.kit.sentences import translations

# With so many letters, a text is a sentence or a label, and not a name.
_FEWEST_LETTERS: Final = 3
# Around values it takes more: "and" between two of them can occur anywhere.
_FEWEST_AROUND_VALUES: Final = 4
# These are numbers; any other value matches everything.
_VALUES: Final = dict.fromkeys(("count", "number", "pages", "days"), r"[\d.,]+")


def texts_of(app: AppTest) -> Iterator[str]:
    """Yield every text that was sent to the browser, including dialogs and notices."""
    for element in _elements(app._tree):
        if element.proto is not None:
            yield from _strings(MessageToDict(element.proto))
        if element.type == "bidi_component" and element.proto.bytes:
            yield from _strings(json.loads(element.proto.bytes))


def said(app: AppTest) -> str:
    """Return the text of a page without the backslashes that escape Markdown."""
    return " ".join(texts_of(app)).replace("\\", "")


def left_english(app: AppTest) -> set[str]:
    """Return the texts that are still English on a page that was drawn."""
    return english(texts_of(app))


def english(texts: Iterable[str]) -> set[str]:
    """Return the texts that are English messages of a catalogue."""
    return set(filter(_is_english, texts))


@cache
def _is_english(text: str) -> bool:
    # Some messages of one language are also translations in the other.
    return text not in _german() and (
        text in _said_in_english() or bool(_said_around_values().fullmatch(text))
    )


@cache
def _german() -> frozenset[str]:
    return frozenset(translations().values())


def _messages() -> Iterator[str]:
    return (text for text, german in translations().items() if text != german)


@cache
def _said_in_english() -> frozenset[str]:
    # Looking a text up in a set of thousands is quicker than matching a pattern.
    return frozenset(text for text in _messages() if _pattern(text) == re.escape(text))


@cache
def _said_around_values() -> re.Pattern[str]:
    patterns = {_pattern(text) for text in _messages()} - {""}
    return re.compile("|".join(patterns - set(map(re.escape, _said_in_english()))))


def _pattern(message: str) -> str:
    # A single word in lower case may be a key of the data.
    if "%(" in message or re.fullmatch("[a-z]+", message):
        return ""
    parts = list(Formatter().parse(message))
    letters = sum(map(str.isalpha, "".join(literal for literal, *_ in parts)))
    has_values = any(name for _, name, *_ in parts)
    if letters < (_FEWEST_AROUND_VALUES if has_values else _FEWEST_LETTERS):
        return ""
    return "".join(
        re.escape(literal) + _VALUES.get(name or "", ".+" if name else "")
        for literal, name, *_ in parts
    )


def _elements(block: Any) -> Iterator[Any]:
    for child in block.children.values():
        if hasattr(child, "children"):
            yield child
            yield from _elements(child)
        elif hasattr(child, "proto"):
            yield child


def _strings(data: object) -> Iterator[str]:
    match data:
        case str():
            yield data
        case dict():
            for value in data.values():
                yield from _strings(value)
        case list():
            for value in data:
                yield from _strings(value)
