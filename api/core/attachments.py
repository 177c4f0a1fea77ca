"""How a file is named that is sent to be kept (RFC 6266, RFC 8187)."""

import re
import unicodedata
from collections.abc import Sequence
from typing import Final
from urllib.parse import quote

_PDF: Final = (".pdf",)
# What may stand between quotes everywhere; a percent sign would be read as a code.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9 ._()+,=@~#!&-]")
_NAMELESS: Final = "document"


def attachment(filename: str, endings: Sequence[str] = _PDF) -> str:
    """Return the Content-Disposition of a file of this name, in whatever script.

    It ends in one of the endings, in the first if it had none of them. Old programs
    read the first name, in which letters of theirs stand for others.
    """
    plain = _plain(filename, endings)
    said = f'attachment; filename="{plain}"'
    if plain == filename:
        return said
    # A lone half of a character, which no name has any more, would break the answer.
    known = filename.encode(errors="replace")
    return f"{said}; filename*=UTF-8''{quote(known, safe='')}"


def _plain(filename: str, endings: Sequence[str]) -> str:
    letters = unicodedata.normalize("NFKD", filename)
    ascii_only = letters.encode("ascii", "ignore").decode()
    stem, ending = _UNSAFE.sub("_", ascii_only), endings[0]
    for known in endings:
        if stem.lower().endswith(known):
            stem, ending = stem[: -len(known)], stem[-len(known) :]
            break
    return f"{stem.strip(' .') or _NAMELESS}{ending}"
