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
_DIRECTIONS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Pasted text brings these along; no search would find a name that contains one.
_INVISIBLE: Final = re.compile("[\u00ad\u200b\u2060\ufeff]")
# Persian and Indic names need them.
_JOINERS: Final = re.compile("[\u200c\u200d]")
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

    What cannot be stored or seen is left out, and so are marks of direction. Joiners
    stay inside words, but are no text by themselves.
    """
    visible = _INVISIBLE.sub("", without_directions(normalize("NFC", text)))
    kept = (" " if is_unstorable(c) else c for c in visible)
    words = "".join(kept).split()
    return " ".join(words) if any(map(str.isprintable, "".join(words))) else ""


def without_directions(text: str) -> str:
    """Return the text without the marks that say in which direction it is read."""
    return _DIRECTIONS.sub("", text)


def is_unstorable(character: str) -> bool:
    """Return whether a character is a control character, or half of one."""
    return category(character) in _UNSTORABLE


def has_controls(text: str) -> bool:
    """Return whether a text has control characters other than gaps, or half of one."""
    return any(is_unstorable(c) and not c.isspace() for c in text)


def unescape_form_name(name: str) -> str:
    """Return the name of a file in a multipart form as its sender has it.

    What is unescaped already stays the same.
    """
    return _ESCAPES.sub(lambda escape: _ESCAPED[escape[0].lower()], name)


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text: no NUL, no half of a character."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def read_line(
    name: str, typed: str, longest: int, label: Sentence | None = None
) -> str:
    """Return the line as `tidy_line` keeps it, which may be nothing.

    Raises InvalidInput for one that is too long or cannot be shown, in a sentence that
    calls the field by its label, or else by its name.
    """
    line, label = tidy_line(typed), label or Sentence(name.capitalize())
    if len(line) > longest:
        raise InvalidInput(
            name,
            Sentence(
                "{label} is too long; shorten it to {most} characters.",
                label=label,
                most=longest,
            ),
        )
    if not _is_shown(typed, line):
        raise InvalidInput(
            name,
            Sentence(
                "{label} contains a character that cannot be shown.",
                label=label,
            ),
        )
    return line


def _is_shown(typed: str, line: str) -> bool:
    """Return whether all of a tidied line can be seen, and nothing else was typed."""
    return not has_controls(typed) and _JOINERS.sub("", line).isprintable()
