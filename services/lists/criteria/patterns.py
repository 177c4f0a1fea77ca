"""Typed text as patterns that match nothing but itself; for folded text only.

Folding comes first: it turns some letters, such as a full-width percent sign, into
signs that patterns give a meaning to.
"""

import re
from typing import Final

_LIKE_SIGNS: Final = re.compile(r"[\\%_]")
_REGEX_SIGNS: Final = re.compile(r"[].*+?(){}|^$\\[]")


def containing(folded: str) -> str:
    """Return the LIKE pattern for whatever contains the text."""
    return f"%{_LIKE_SIGNS.sub(_quoted, folded)}%"


def beginning(folded: str) -> str:
    """Return the LIKE pattern for whatever begins with the text."""
    return f"{_LIKE_SIGNS.sub(_quoted, folded)}%"


def beginning_a_word(folded: str) -> str:
    """Return PostgreSQL's regular expression for what has a word that begins so.

    A trigram index sees from it that the letters begin a word; as LIKE '% an%' OR
    LIKE 'an%' the index is asked twice and takes ten times as long.
    """
    return f"(^|[ '(.-]){_REGEX_SIGNS.sub(_quoted, folded)}"


def _quoted(sign: re.Match[str]) -> str:
    return f"\\{sign[0]}"
