"""The code on a ticket: ten characters that nobody mistakes for one another."""

import re
import secrets
from typing import Final

from services.visits.front_desk.appointments.errors import NotACode

# Crockford's base 32: no I, L, O or U, so that it can be read out and typed.
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LENGTH: Final = 10
_HALF: Final = _LENGTH // 2
_SPACING: Final = re.compile(r"[\s\-‐‑–_]+")
_MEANT: Final = str.maketrans("ILO", "110")


def new_code() -> str:
    """Return a code that nobody can guess: one of 2 to the 50th."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def formatted(code: str) -> str:
    """Return the code in two halves, as it is printed."""
    return f"{code[:_HALF]}-{code[_HALF:]}"


def parse(typed: str) -> str:
    """Return the code that was scanned or typed, or raise NotACode."""
    code = _SPACING.sub("", typed).upper().translate(_MEANT)
    if len(code) != _LENGTH or not set(code) <= set(_ALPHABET):
        raise NotACode
    return code
