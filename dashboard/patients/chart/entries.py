"""Dated entries of a patient's record, with their codes, for the time line."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from dashboard.context import CachedRead, current_actor, read_all
from dashboard.patients.chart.depth import most_shown
from dashboard.patients.chart.timeline import ChartEvent, EventKind
from dashboard.ui.clock import midnight
from dashboard.ui.language import gettext as _, long_date
from services.core.actors import Actor
from services.patients.records import entries
from services.patients.records.entries import DatedEntry

# As the owners of the code systems spell them.
_SYSTEMS: Final = {
    "http://snomed.info/sct": "SNOMED CT",
    "http://www.nlm.nih.gov/research/umls/rxnorm": "RxNorm",
    "http://loinc.org": "LOINC",
}


def entry_reads(patient_id: UUID) -> list[CachedRead[tuple[DatedEntry, ...]]]:
    """Return the reads of a record's entries that the time line needs."""
    return [_entries(current_actor(), patient_id)]


def entry_events(patient_id: UUID) -> Iterator[ChartEvent]:
    """Return the entries for the time line, each on the day on which it began."""
    (dated_entries,) = read_all(_entries(current_actor(), patient_id))
    for entry in dated_entries:
        yield ChartEvent(
            EventKind[entry.kind.name],
            midnight(entry.started_on),
            _what(entry),
            more=" · ".join(_more(entry)),
            is_of_day=True,
        )


def _entries(actor: Actor, patient_id: UUID) -> CachedRead[tuple[DatedEntry, ...]]:
    most = most_shown(patient_id)
    return CachedRead(
        lambda s: entries.list_entries(s, actor, patient_id, limit=most),
        keep=("entries", patient_id, most),
    )


def _what(entry: DatedEntry) -> str:
    if entry.value is None:
        return entry.term
    return f"{entry.term}: {entry.value.normalize():f} {entry.unit}".rstrip()


def _more(entry: DatedEntry) -> Iterator[str]:
    if entry.ended_on and entry.ended_on != entry.started_on:
        yield _("until {day}").format(day=long_date(entry.ended_on))
    if entry.code:
        yield f"{_SYSTEMS.get(entry.system, entry.system)} {entry.code}".strip()
