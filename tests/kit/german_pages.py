"""What pages send to the browser, and which of it is still English."""

import json
import re
from collections.abc import Iterable, Iterator
from functools import cache
from string import Formatter
from typing import Any, Final

from google.protobuf.json_format import MessageToDict
from streamlit.testing.v1 import AppTest

from tests.kit.sentences import translations

# So many words are a sentence, or a label that is no name of anything.
_FEWEST_LETTERS: Final = 3
# Around values it takes more: "and" between two of them stands anywhere.
_FEWEST_AROUND_VALUES: Final = 4
# Numbers; all else may be anything.
_VALUES: Final = dict.fromkeys(("count", "number", "pages", "days"), r"[\d.,]+")


def texts_of(app: AppTest) -> Iterator[str]:
    """Yield every text that was sent to the browser, dialogs and notices as well."""
    for element in _elements(app._tree):
        if element.proto is not None:
            yield from _strings(MessageToDict(element.proto))
        if element.type == "bidi_component" and element.proto.bytes:
            yield from _strings(json.loads(element.proto.bytes))


def said(app: AppTest) -> str:
    """Return what a page shows, without what keeps Markdown from reading it."""
    return " ".join(texts_of(app)).replace("\\", "")


def left_english(app: AppTest) -> set[str]:
    """Return what stayed English on a page that was drawn."""
    assert not app.exception
    return english(texts_of(app))


def english(texts: Iterable[str]) -> set[str]:
    """Return those of the texts that a catalogue has in English."""
    german = set(translations().values())
    return {
        text
        for text in texts
        # Some words of one language are others of the other.
        if text not in german and _said_in_english().fullmatch(text)
    }


@cache
def _said_in_english() -> re.Pattern[str]:
    messages = [text for text, german in translations().items() if text != german]
    return re.compile("|".join(filter(None, map(_pattern, messages))))


def _pattern(message: str) -> str:
    # One word without a capital may be a key of the data.
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
