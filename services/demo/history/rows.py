"""Rows of the invented past, written many at a time."""

from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy.orm import Session

from db.postgres.copying import append_lines, line

_RANDOM_BITS: Final = 74
_VERSION: Final = 7 << 76
_VARIANT: Final = 2 << 62
_LOW: Final = (1 << 62) - 1

Columns = dict[str, Any]


def append(session: Session, table: str, rows: Sequence[Columns]) -> None:
    """Append rows with the same columns in the same order, if there are any."""
    if rows:
        lines = (line(*map(_written, row.values())) for row in rows)
        append_lines(session, table, list(rows[0]), lines)


def new_id(at: datetime, rng: Random) -> UUID:
    """Return a UUIDv7 for a time: it sorts after those of earlier times."""
    milliseconds = int(at.timestamp() * 1000)
    drawn = rng.getrandbits(_RANDOM_BITS)
    high = _VERSION | (drawn >> 62) << 64
    return UUID(int=milliseconds << 80 | high | _VARIANT | drawn & _LOW)


def _written(value: object) -> str | None:
    match value:
        case None | str():
            return value
        case bool():
            return "t" if value else "f"
        case datetime():
            return value.isoformat()
        case dict() | list():
            return orjson.dumps(value).decode()
        case _:
            return str(value)
