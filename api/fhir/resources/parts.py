"""Resources that are entries of a record, each with an id below the record's."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import parameters
from api.fhir.definitions import (
    PageWanted,
    Resource,
    SearchPage,
    SearchParameter,
    Wanted,
    bulk_source,
    elements_at,
    page_of,
    uuid_of,
)
from services.consultations.notes import visit_notes
from services.consultations.notes.visit_notes import VisitNotes
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput, NotFound
from services.fhir.bulk_exports.model import BulkSelection, BulkSource
from services.patients.records import patients


@dataclass(frozen=True, slots=True)
class DateOf:
    """The path of a part's time that can be searched by."""

    path: tuple[str, ...]
    documentation: str


_LAST_UPDATED: Final = DateOf(
    ("meta", "lastUpdated"), "When the resource last changed."
)
ListParts = Callable[[Session, Actor, UUID], Sequence[Resource]]
Holds = Callable[[Resource, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsOfRecords:
    """The search for parts of records; `noun` is what they are called.

    An id is the record's uuid, a point, and a suffix that is unique among the parts.
    `of_record` returns the parts of one record, `of_patient` those of all records of a
    patient. `permission` is required for a search without a patient. `holds` has, for
    each further parameter, the predicate of whether a part matches a value; `dates` has
    the path of its time.
    """

    noun: str
    of_record: ListParts
    of_patient: ListParts
    permission: Permission
    holds: dict[str, Holds]
    dates: Mapping[str, DateOf] = field(default_factory=dict)

    def read(self, session: Session, caller: Caller, id_: str) -> Resource:
        """Return the part of this id; raises NotFound, NotAllowed."""
        for part in self.of_record(session, caller.actor, _record_of(id_)):
            if part["id"] == id_:
                return part
        raise NotFound(f"There is no such {self.noun}.")

    def search(self, session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
        """Return a page of a patient's parts, or of those with these ids."""
        ids = wanted.values.get("_id", ())
        bounds = [
            (date.path, *parameters.stretch(name, wanted.values[name], page.zone))
            for name, date in self._dates.items()
            if name in wanted.values
        ]
        parts = [
            part
            for part in self._parts(session, wanted, ids)
            if (not ids or part["id"] in ids)
            and self._matches(part, wanted)
            and all(_is_within(part, *each) for each in bounds)
        ]
        return page_of(parts, dict, page)

    @property
    def _dates(self) -> Mapping[str, DateOf]:
        return {"_lastUpdated": _LAST_UPDATED, **self.dates}

    def _parts(
        self, session: Session, wanted: Wanted, ids: Sequence[str]
    ) -> Sequence[Resource]:
        patient_id = self._patient(wanted)
        if patient_id is not None:
            return self.of_patient(session, wanted.actor, patient_id)
        if not ids:
            wanted.actor.require(self.permission)
            raise InvalidInput(
                "patient",
                f"Give the patient (patient=Patient/id) or the {self.noun} (_id).",
            )
        parts: list[Resource] = []
        for record_id in dict.fromkeys(map(_record_of, ids)):
            with suppress(NotFound):
                parts += self.of_record(session, wanted.actor, record_id)
        return parts

    def _patient(self, wanted: Wanted) -> UUID | None:
        values = wanted.values.get("patient", ())
        if len(values) > 1:
            raise InvalidInput("patient", "Only one patient can be given.")
        if values:
            return uuid_of(parameters.reference_to("Patient", values[0]))
        # Patients need not name one: they have a record of their own.
        return wanted.actor.patient_id

    def _matches(self, part: Resource, wanted: Wanted) -> bool:
        return all(
            any(holds(part, value) for value in wanted.values[name])
            for name, holds in self.holds.items()
            if name in wanted.values
        )

    def parameters(self, **documentation: str) -> tuple[SearchParameter, ...]:
        """Return `_id`, `patient`, further parameters (tokens), and dates."""
        return (
            SearchParameter(
                "_id", "token", "Logical id of the resource.", parameters.keeping("_id")
            ),
            SearchParameter(
                "patient",
                "reference",
                "The patient; required unless _id is given or the caller is a patient.",
                parameters.keeping("patient"),
            ),
            *(
                SearchParameter(name, "token", text, parameters.keeping(name))
                for name, text in documentation.items()
            ),
            *(
                SearchParameter(
                    name, "date", date.documentation, parameters.keeping_dates(name)
                )
                for name, date in self._dates.items()
            ),
        )


def _is_within(
    part: Resource,
    path: Sequence[str],
    since: datetime | None,
    until: datetime | None,
) -> bool:
    """Return whether a time of the part is at or after `since`, and before `until`."""
    return any(
        (since is None or since <= at) and (until is None or at < until)
        for at in map(datetime.fromisoformat, map(str, elements_at(part, path)))
    )


def parts_of_notes(
    describe: Callable[[Session, Sequence[VisitNotes]], Sequence[Resource]],
) -> tuple[ListParts, ListParts]:
    """Return functions that list a visit's resources, and all of a patient's.

    Both are made from the visits' notes.
    """

    def of_visit(session: Session, actor: Actor, visit_id: UUID) -> Sequence[Resource]:
        written = visit_notes.find_of_visit(session, actor, visit_id)
        return [] if written is None else describe(session, [written])

    def of_patient(
        session: Session, actor: Actor, patient_id: UUID
    ) -> Sequence[Resource]:
        notes = visit_notes.list_all_of_patient(session, actor, patient_id)
        # Raises if the patient does not exist, or is treated by others; notes alone
        # would not.
        patients.look_up(session, actor, patient_id)
        return describe(session, notes)

    return of_visit, of_patient


def notes_source(
    describe: Callable[[Session, Sequence[VisitNotes]], Sequence[Resource]],
) -> BulkSource:
    """Return the export of resources that are made from notes."""

    def stream(
        session: Session, actor: Actor, selection: BulkSelection
    ) -> Iterator[Sequence[VisitNotes]]:
        return visit_notes.stream_all(
            session, actor, selection.patient_ids, since=selection.since
        )

    return bulk_source(stream, describe, lambda _: Permission.READ_RECORDS)


def has_code(*path: str) -> Holds:
    """Return a predicate of whether a concept of the part has a code, `system|code`.

    With nothing behind the bar, any code of the system matches.
    """

    def holds(part: Resource, value: str) -> bool:
        system, bar, code = value.rpartition("|")
        return any(
            (coding["code"] == code or (bar and not code))
            and (not bar or coding["system"] == system)
            for concept in elements_at(part, path)
            for coding in concept.get("coding", ())
        )

    return holds


def is_code(name: str, system: str) -> Holds:
    """Return a predicate of whether an element has a code of this system."""
    return lambda part, value: part.get(name) == parameters.code_within(system, value)


def _record_of(id_: str) -> UUID:
    return uuid_of(id_.partition(".")[0])
