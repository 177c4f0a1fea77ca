"""Text that people type: whether the database can take it, and how it is kept.

Names of files are such text, and come as browsers write them into forms.
"""

import re
from typing import Final
from unicodedata import category, normalize

from services.core.errors import InvalidInput
from services.core.sentences import Sentence

# By HTML's rules for `multipart/form-data`, and only these: a browser leaves every
# other percent sign of a file's name as it is.
_ESCAPED: Final = {"%22": '"', "%0d": "\r", "%0a": "\n"}
_ESCAPES: Final = re.compile("|".join(_ESCAPED), re.IGNORECASE)
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


def unescape_form_name(name: str) -> str:
    """Return the name of a file in a multipart form as its sender has it.

    What is unescaped already stays the same.
    """
    return _ESCAPES.sub(lambda escape: _ESCAPED[escape[0].lower()], name)


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
