"""The database servers for programs: their state, their history, and what it cost."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from starlette.responses import Response

from api.cluster.schemas import (
    AlertsShown,
    HistoryShown,
    SamplesShown,
    StatusShown,
    snapshot_json,
)
from api.core.answers import JsonResponse, read_headers
from api.core.bodies import AS_TEXT
from api.core.dependencies import Caller, Program
from api.core.documented import shows
from db.postgres import Read
from services.cluster import alerts, monitoring
from services.core.actors import Permission
from services.core.errors import InvalidInput

router = APIRouter(prefix="/api/v1/replication", tags=["Replication"])

_AN_HOUR: Final = timedelta(hours=1)
_Since = Annotated[
    datetime | None,
    AS_TEXT,
    Query(
        alias="from",
        description="Start of the period; by default one hour before `to`.",
    ),
]
_Until = Annotated[
    datetime | None,
    AS_TEXT,
    Query(alias="to", description="End of the period; now by default."),
]
_Before = Annotated[
    datetime | None,
    AS_TEXT,
    Query(description="Only operations that began before; for further pages."),
]
_Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/status", responses=shows(StatusShown))
def status(caller: Program) -> Response:
    """Return whether the records are safe, and the state of every server."""
    caller.require(Permission.VIEW_REPLICATION)
    caller.read(lambda session: monitoring.record_look(session, caller.actor))
    snapshot = caller.stores.monitor.latest()
    return JsonResponse(snapshot_json(snapshot, monitoring.verdict(snapshot)))


@router.get("/samples", responses=shows(SamplesShown))
def samples(
    caller: Program,
    since: _Since = None,
    until: _Until = None,
    points: Annotated[int, Query(ge=2, le=2000)] = 480,
) -> Response:
    """Return how far each server was behind, the oldest samples first.

    Up to an hour ago there is a sample for each second; a month ago each is the mean of
    some minutes, with the worst value.
    """
    begin, end = _span(caller, since, until)
    read = caller.read(
        lambda session: monitoring.read_samples(
            session, caller.actor, begin, end, points=points
        )
    )
    return _answer(caller, read, "samples", read.value)


@router.get("/history", responses=shows(HistoryShown))
def history(caller: Program, limit: _Limit = 50, before: _Before = None) -> Response:
    """List what was done to the servers and what happened to them, the newest first."""
    timestamp = _timestamp("before", before)
    read = caller.read(
        lambda session: monitoring.list_operations(
            session, caller.actor, limit=limit, before=timestamp
        )
    )
    return _answer(caller, read, "operations", read.value)


@router.get("/alerts", responses=shows(AlertsShown))
def list_alerts(
    caller: Program, limit: _Limit = 50, is_open: Annotated[bool, Query()] = False
) -> Response:
    """List the newest alerts, or only those that have not ended."""

    def look(session: Any) -> tuple[alerts.Alert, ...]:
        if is_open:
            return alerts.list_open(session, caller.actor)
        return alerts.list_alerts(session, caller.actor, limit=limit)

    read = caller.read(look)
    return _answer(caller, read, "alerts", read.value)


def _answer(
    caller: Caller, read: Read[Any], name: str, rows: Sequence[Any]
) -> Response:
    return JsonResponse(
        {name: [asdict(row) for row in rows]}, headers=read_headers(read, caller.after)
    )


def _span(
    caller: Caller, since: datetime | None, until: datetime | None
) -> tuple[datetime, datetime]:
    end = _timestamp("to", until) or caller.stores.now()
    begin = _timestamp("from", since)
    if begin is not None:
        return begin, end
    try:
        return end - _AN_HOUR, end
    except OverflowError as error:
        raise InvalidInput("to", "to is out of range.") from error


def _timestamp(name: str, value: datetime | None) -> datetime | None:
    """Return the value in UTC, since PostgreSQL does not accept every valid offset."""
    if value is None:
        return None
    if value.tzinfo is None:
        raise InvalidInput(
            name, f"{name} needs a time zone offset, such as 2026-11-23T10:00:00Z."
        )
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise InvalidInput(name, f"{name} is out of range.") from error
