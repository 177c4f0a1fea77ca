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
_UNSTORABLE: Final = frozenset({"Cc", "Cs"})


def tidy(text: str) -> str:
    """Return the text trimmed, in composed characters, without control characters."""
    lines = normalize("NFC", text).replace("\t", " ").splitlines()
    return "\n".join(
        "".join(character for character in line if category(character) != "Cc").rstrip()
        for line in lines
    ).strip()


def tidy_line(text: str) -> str:
    """Return the text on one line, in composed characters, as names are kept.

    What cannot be stored or seen is left out, and so are marks of direction. Joiners of
    no width stay inside words, but are no text by themselves.
    """
    visible = _DIRECTIONS.sub("", normalize("NFC", text))
    kept = (" " if is_unstorable(c) else c for c in visible)
    words = "".join(kept).split()
    return " ".join(words) if any(map(str.isprintable, "".join(words))) else ""


def is_unstorable(character: str) -> bool:
    """Return whether a character is a control character, or half of one."""
    return category(character) in _UNSTORABLE


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
