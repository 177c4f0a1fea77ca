"""Typed text as patterns that match only that text; for folded text only.

Folding comes first: it turns some letters, such as a full-width percent sign, into
characters that are special in patterns.
"""

import re
from typing import Final

_LIKE_SIGNS: Final = re.compile(r"[\\%_]")
_REGEX_SIGNS: Final = re.compile(r"[].*+?(){}|^$\\[]")


def containing(folded: str) -> str:
    """Return the LIKE pattern for texts that contain the text."""
    return f"%{_LIKE_SIGNS.sub(_quoted, folded)}%"


def beginning(folded: str) -> str:
    """Return the LIKE pattern for texts that begin with the text."""
    return f"{_LIKE_SIGNS.sub(_quoted, folded)}%"


def beginning_a_word(folded: str) -> str:
    """Return PostgreSQL's regular expression for texts with a word that begins so.

    From it a trigram index sees that the letters begin a word; with LIKE '% an%' OR
    LIKE 'an%' the index is scanned twice, which takes ten times as long.
    """
    return f"(^|[ '(.-]){_REGEX_SIGNS.sub(_quoted, folded)}"


def _quoted(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"
