"""Record numbers: six characters that are said on the phone and typed from paper.

PostgreSQL gives them out (db/functions/record_numbers.sql). They are numbers in
Crockford's base 32, a digit first, with a check character that shows one wrong
character and two that changed places (docs/decisions/0030).
"""

import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MODULUS: Final = 37
# What is read as another character than it is, as Crockford has it.
_MEANT: Final = str.maketrans("OIL", "011")
# A name has no digit, a number has one at its beginning.
_TYPED: Final = re.compile(
    r"[0-9][0-9A-TV-Z]{2}[\s-]?[0-9A-TV-Z]{3}|(?=.*[0-9])[OIL][0-9A-TV-Z]{2}-?[0-9A-TV-Z]{3}"
)
_SEPARATOR: Final = re.compile(r"[\s-]")


def find(typed: str) -> str | None:
    """Return the number as it is kept if something that looks like one was typed.

    In any case, with a hyphen or a space in the middle or none. `is_right` tells
    whether it can be one.
    """
    text = typed.strip().upper()
    if not _TYPED.fullmatch(text):
        return None
    return _SEPARATOR.sub("", text).translate(_MEANT)


def is_right(number: str) -> bool:
    """Tell whether the last character of a number fits the others."""
    value = 0
    for character in number[:-1]:
        value = value * len(_ALPHABET) + _ALPHABET.index(character)
    return value % _MODULUS == _ALPHABET.index(number[-1])


def spelt(number: str) -> str:
    """Return the number as it is shown and printed: 4K7-P2X."""
    return f"{number[:3]}-{number[3:]}"
