"""Record numbers: six characters that are said on the phone and typed from paper.

PostgreSQL generates them (db/functions/record_numbers.sql). They are numbers in
Crockford's base 32, a digit first, with a check character that detects one wrong
character and two transposed ones (docs/decisions/0030).
"""

import re
from typing import Final

_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MODULUS: Final = 37
# Characters that are read as others, following Crockford.
_MEANT: Final = str.maketrans("OIL", "011")
# A name has no digit, a record number begins with one.
_TYPED: Final = re.compile(
    r"[0-9][0-9A-TV-Z]{2}[\s-]?[0-9A-TV-Z]{3}|(?=.*[0-9])[OIL][0-9A-TV-Z]{2}-?[0-9A-TV-Z]{3}"
)
_SEPARATOR: Final = re.compile(r"[\s-]")


def parse(typed: str) -> str | None:
    """Return the number as stored if something that looks like one was typed.

    In upper or lower case, with or without a hyphen or a space in the middle.
    `is_valid` returns whether the number can exist.
    """
    text = typed.strip().upper()
    if not _TYPED.fullmatch(text):
        return None
    return _SEPARATOR.sub("", text).translate(_MEANT)


def is_valid(number: str) -> bool:
    """Return whether the check character of a number fits the others."""
    value = 0
    for character in number[:-1]:
        value = value * len(_ALPHABET) + _ALPHABET.index(character)
    return value % _MODULUS == _ALPHABET.index(number[-1])


def formatted(number: str) -> str:
    """Return the number as it is shown and printed: 4K7-P2X."""
    return f"{number[:3]}-{number[3:]}"
