"""Where events of each kind are, and which of them are dated entries."""

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
    """Where events of a kind are, and in which state a visit has to be.

    `entries` is what dated entries of the kind are called, where there are such, and
    `dated` the view of these alone: the view itself where it has nothing else.
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
    # Who is checked in has come.
    EventKind.VISIT: _Source(_VISITS, ("checked-in", "completed")),
    EventKind.NO_SHOW: _Source(_VISITS, ("no-show",)),
    EventKind.CANCELLATION: _Source(_VISITS, ("cancelled",)),
}


def is_dated_event(kind: EventKind) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that something of a kind happened, and on which day."""
    source = SOURCES[kind]
    is_dated = source.view.c.occurred_on.is_not(None)
    if not source.states:
        return (is_dated,)
    return is_dated, source.view.c.status.in_(source.states)


def entries_of(kind: EventKind) -> str:
    """Return what dated entries of a kind are called; empty where there are none."""
    return SOURCES[kind].entries


def population(at_most: int | None = None) -> Select[int]:
    """Select how many patients there are; no more than so many are looked at."""
    patients: Select[int] = select(literal_column("1")).select_from(_PATIENTS)
    return select(func.count()).select_from(patients.limit(at_most).subquery())


def has_others(event: CohortEvent) -> bool:
    """Return whether something of the kind is no dated entry."""
    source = SOURCES[event.kind]
    return source.dated is not source.view
