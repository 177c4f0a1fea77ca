"""The views that hold events of each kind, and which of these are dated entries."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    ColumnClause,
    ColumnElement,
    Date,
    Integer,
    Numeric,
    Select,
    String,
    TableClause,
    Uuid,
    column,
    func,
    literal_column,
    select,
    table,
)

from services.analytics.cohorts.model import CohortEvent, EventKind


def _view(name: str, *more: ColumnClause[Any]) -> TableClause:
    return table(
        name,
        column("patient_id", Uuid),
        column("sex", String),
        column("term", String),
        column("term_key", String),
        column("code", String),
        column("occurred_on", Date),
        column("month", Date),
        column("quarter", Date),
        column("age", Integer),
        column("age_band", String),
        *more,
        schema="analytics",
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """The view of the events of a kind, and the states that a visit has to be in.

    `entries` is the name of the kind's dated entries, if there are any, and `dated` the
    view of these alone: `view` itself if it has nothing else.
    """

    view: TableClause
    states: tuple[str, ...] = ()
    entries: str = ""
    dated: TableClause | None = None


def _of_entries(entries: str, name: str, *more: ColumnClause[Any]) -> _Source:
    view = _view(name, column("is_entry", Boolean), *more)
    return _Source(view, entries=entries, dated=view)


def _of_entries_and_others(
    entries: str, name: str, *more: ColumnClause[Any]
) -> _Source:
    view = _view(name, column("is_entry", Boolean), *more)
    dated = _view(f"dated_{name}", *(column(each.name, each.type) for each in more))
    return _Source(view, entries=entries, dated=dated)


_PATIENTS: Final = table("patients", schema="analytics")
_VISITS: Final = _view(
    "visits",
    column("status", String),
    column("hour", Integer),
    column("waiting_minutes", Numeric),
    column("days_booked_ahead", Integer),
)
SOURCES: Final[Mapping[EventKind, _Source]] = {
    EventKind.DIAGNOSIS: _of_entries_and_others("condition", "diagnoses"),
    EventKind.MEDICATION: _of_entries_and_others("medication", "medications"),
    EventKind.ALLERGY: _of_entries_and_others("allergy", "allergies"),
    EventKind.PROCEDURE: _of_entries("procedure", "procedures"),
    EventKind.ENCOUNTER: _of_entries("encounter", "encounters"),
    EventKind.VITAL: _of_entries_and_others(
        "observation", "vitals", column("value", Numeric), column("unit", String)
    ),
    EventKind.PRESCRIPTION: _Source(_view("prescriptions")),
    EventKind.DOCUMENT: _Source(_view("documents")),
    EventKind.REGISTRATION: _Source(_view("registrations")),
    # A patient who is checked in has come.
    EventKind.VISIT: _Source(_VISITS, ("checked-in", "completed")),
    EventKind.NO_SHOW: _Source(_VISITS, ("no-show",)),
    EventKind.CANCELLATION: _Source(_VISITS, ("cancelled",)),
    # Denominators of shares. A visit that is still to come is in neither.
    EventKind.KEPT_OR_MISSED: _Source(_VISITS, ("checked-in", "completed", "no-show")),
    EventKind.BOOKED_VISIT: _Source(
        _VISITS, ("checked-in", "completed", "no-show", "cancelled")
    ),
}


def comparable_kinds(kind: EventKind) -> tuple[EventKind, ...]:
    """Return the kinds of events that events of a kind may be as well, itself too.

    A visit that was kept is no no-show, whatever else it is.
    """
    whole = SOURCES[kind]
    return tuple(
        each
        for each, source in SOURCES.items()
        if source.view is whole.view
        and (not whole.states or not {*whole.states}.isdisjoint(source.states))
    )


def is_dated_event(kind: EventKind) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that an event of a kind happened, and on a known day."""
    source = SOURCES[kind]
    is_dated = source.view.c.occurred_on.is_not(None)
    if not source.states:
        return (is_dated,)
    return is_dated, source.view.c.status.in_(source.states)


def entries_of(kind: EventKind) -> str:
    """Return the name of a kind's dated entries; empty if it has none."""
    return SOURCES[kind].entries


def select_population(at_most: int | None = None) -> Select[int]:
    """Select how many patients there are, looking at no more than `at_most`."""
    patients: Select[int] = select(literal_column("1")).select_from(_PATIENTS)
    return select(func.count()).select_from(patients.limit(at_most).subquery())


def has_other_sources(event: CohortEvent) -> bool:
    """Return whether events of the kind may be anything other than dated entries."""
    source = SOURCES[event.kind]
    return source.dated is not source.view
