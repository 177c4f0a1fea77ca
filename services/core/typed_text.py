"""Text that people type: whether the database can take it, and how it is kept."""

import re
from typing import Final
from unicodedata import category, normalize

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

# These make a line, and what is written beside it, read differently from what is kept.
_DIRECTIONS: Final = re.compile("[\u202a-\u202e\u2066-\u2069]")


def tidy(text: str) -> str:
    """Return the text trimmed, in composed characters, without control characters."""
    lines = normalize("NFC", text).replace("\t", " ").splitlines()
    return "\n".join(
        "".join(character for character in line if category(character) != "Cc").rstrip()
        for line in lines
    ).strip()


def tidy_line(text: str) -> str:
    """Return the text tidied and on one line, as names are kept.

    Marks of direction are dropped, and what nobody could see is no text.
    """
    line = " ".join(_DIRECTIONS.sub("", tidy(text)).split())
    return line if any(map(str.isprintable, line.replace(" ", ""))) else ""


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def require_line(name: str, text: str, longest: int) -> None:
    """Raise InvalidInput for a line of text that is too long or cannot be shown.

    `name` is the name of the field, and how the sentence calls it.
    """
    label = Sentence(name.capitalize())
    if len(text) > longest:
        raise InvalidInput(
            name,
            Sentence(
                "{label} is too long; shorten it to {most} characters.",
                label=label,
                most=longest,
            ),
        )
    if not is_storable(text) or not text.isprintable():
        raise InvalidInput(
            name,
            Sentence(
                "{label} contains a character that cannot be shown.",
                label=label,
            ),
        )
