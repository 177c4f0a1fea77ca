"""How a file is named that is sent to be kept (RFC 6266, RFC 8187)."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

_ENDING: Final = ".pdf"
# What may stand between quotes everywhere; a percent sign would be read as a code.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9 ._()+,=@~#!&-]")
_NAMELESS: Final = "document"


def attachment(filename: str) -> str:
    """Return the Content-Disposition of a file of this name, in whatever script.

    Old programs read the first name, in which letters of theirs stand for others.
    """
    plain = _plain(filename)
    said = f'attachment; filename="{plain}"'
    if plain == filename:
        return said
    # A lone half of a character, which no name has any more, would break the answer.
    known = filename.encode(errors="replace")
    return f"{said}; filename*=UTF-8''{quote(known, safe='')}"


def _plain(filename: str) -> str:
    letters = unicodedata.normalize("NFKD", filename)
    ascii_only = letters.encode("ascii", "ignore").decode()
    named = _UNSAFE.sub("_", ascii_only)
    stem, ending = named[: -len(_ENDING)], named[-len(_ENDING) :]
    if ending.lower() != _ENDING:
        stem, ending = named, _ENDING
    return f"{stem.strip(' .') or _NAMELESS}{ending}"
