"""How answers are written: JSON, with headers for the node and the log position."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from operator import attrgetter
from typing import Any, Final
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

from db.postgres import Lsn, Read, WriteResult

LSN_HEADER: Final = "X-Chartroom-LSN"
NODE_HEADER: Final = "X-Chartroom-Node"
# Without it, spreadsheets read a CSV in the machine's old code page, and turn Müller
# into nonsense; programs would take it for part of the first heading.
BYTE_ORDER_MARK: Final = "\ufeff"


@dataclass(frozen=True, slots=True)
class FromAttribute:
    """The source of a field that is not an attribute of the same name.

    Either the path of an attribute, or a function that computes the value.
    """

    source: str | Callable[[Any], Any]


class Shown(BaseModel):
    """A thing as answers show it and OpenAPI describes it: these fields, no others."""

    model_config = ConfigDict(extra="forbid")

    @classmethod
    def of(cls, thing: Any) -> dict[str, Any]:
        """Return what is shown of the thing, for a JsonResponse, not validated."""
        names, read, worked_out = _reading(cls)
        shown = dict(zip(names, read(thing), strict=True))
        for name, work_out in worked_out:
            shown[name] = work_out(thing)
        return shown


_Reading = tuple[
    Sequence[str],
    Callable[[Any], Sequence[Any]],
    Sequence[tuple[str, Callable[[Any], Any]]],
]


@cache
def _reading(kind: type[Shown]) -> _Reading:
    """Return how a kind is read: all attributes at once, since lists are long."""
    sources: dict[str, str | Callable[[Any], Any]] = {}
    for name, field in kind.model_fields.items():
        given = (
            mark.source for mark in field.metadata if isinstance(mark, FromAttribute)
        )
        sources[field.alias or name] = next(given, name)
    paths = {name: path for name, path in sources.items() if isinstance(path, str)}
    worked_out = [(name, read) for name, read in sources.items() if callable(read)]
    return tuple(paths), attrgetter(*paths.values()), worked_out


class FreeSlot(Shown):
    """A slot that can be booked instead."""

    id: UUID
    starts_at: datetime
    ends_at: datetime


class JsonResponse(Response):
    """JSON written by orjson, which serialises dates, UUIDs and dataclasses itself.

    FastAPI's own validation of a response costs more than the query for it.
    """

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Return the bytes of the content."""
        return to_json(content)


def to_json(content: Any) -> bytes:
    """Return content as JSON; it may be anything that orjson serialises."""
    return orjson.dumps(content)


def read_headers(read: Read[Any], after: Lsn | None) -> dict[str, str]:
    """Return headers with the node that answered, and the caller's own LSN."""
    headers = {NODE_HEADER: read.served.node}
    return headers | ({LSN_HEADER: str(after)} if after is not None else {})


def written_headers(written: WriteResult[Any]) -> dict[str, str]:
    """Return the LSN header with which the caller's later reads show this write."""
    return {LSN_HEADER: str(written.lsn)}
