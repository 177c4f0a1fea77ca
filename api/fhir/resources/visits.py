"""Visits by FHIR's search parameters: a patient's, or those of a day."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.fhir import parameters
from api.fhir.bulk.line_templates import known_of, template_maker
from api.fhir.definitions import (
    PageWanted,
    Read,
    Resource,
    Search,
    SearchPage,
    SearchParameter,
    Wanted,
    page_of,
    uuid_of,
)
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput, NotFound
from services.fhir.bulk_exports.model import BulkSelection, BulkSource, Lines
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import (
    VisitRecord,
    VisitStatus,
    streaming,
)
from services.visits.front_desk.appointments.streaming import VISIT_FIELDS

# One less than the most that a list of a day has: one more shows whether it goes on.
_MOST: Final = 499

# The status of a hold, which is not a visit yet.
PENDING: Final = "pending"

Describe = Callable[[VisitRecord], Resource]
ListPending = Callable[[Session, Actor, UUID], Sequence[Resource]]


def searching(
    describe: Describe, read: Read, list_pending: ListPending | None = None
) -> Search:
    """Return a search for visits: a patient's, the latest first, or those of a day.

    Both can be narrowed by status, a patient's also by when they begin.

    `read` reads one by its id. `list_pending` lists a patient's holds; without it the
    search finds none.
    """

    def search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
        if "_id" in wanted.values:
            return _named(session, wanted, page, read)
        if list_pending is not None and PENDING in _codes(wanted):
            patient_id = _patient_of_pending(wanted)
            return page_of(list_pending(session, wanted.actor, patient_id), dict, page)
        return _search(session, wanted, page, describe)

    return search


def visits_source(describe: Describe, names: Sequence[str]) -> BulkSource:
    """Return the export of resources that a mapping makes from fields of visits."""
    fields = [VISIT_FIELDS[name] for name in ("status", *names)]

    def describe_fields(values: Mapping[str, Any]) -> Resource:
        known = {**values, "status": VisitStatus(values["status"])}
        return describe(known_of(VisitRecord, known))

    def read(session: Session, actor: Actor, selection: BulkSelection) -> Lines:
        return streaming.stream_visits(
            session,
            actor,
            fields,
            template_maker(fields, describe_fields),
            selection.patient_ids,
            since=selection.since,
        )

    return BulkSource(lambda _: Permission.VIEW_VISITS, read)


def _search(
    session: Session, wanted: Wanted, page: PageWanted, describe: Describe
) -> SearchPage:
    # Even with a page size of 0, the total is returned.
    size = min(page.size or _MOST, _MOST)
    visits = _met(session, wanted, replace(page, size=size), describe)
    shown = visits[: min(page.size, size)]
    goes_on = len(visits) > size
    is_all = page.after is None and not goes_on
    return SearchPage(
        list(map(describe, shown)),
        str(shown[-1].id) if goes_on and shown else None,
        len(visits) if is_all and page.is_counted else None,
    )


def _named(
    session: Session, wanted: Wanted, page: PageWanted, read: Read
) -> SearchPage:
    if len(wanted.values) > 1:
        raise InvalidInput(
            "_id", "_id cannot be combined with other search parameters."
        )
    resources = []
    for id_ in dict.fromkeys(wanted.values["_id"]):
        with suppress(NotFound):
            resources.append(read(session, wanted.caller, id_))
    return page_of(resources, dict, page)


def _met(
    session: Session, wanted: Wanted, page: PageWanted, describe: Describe
) -> list[VisitRecord]:
    """Return the visits asked for, one more than the page has if there are more.

    If the list is narrowed further, it is read until there are enough.
    """
    narrows = _narrowing(wanted, page, describe)
    most = _MOST if narrows else page.size
    after, met = uuid_of(page.after) if page.after else None, list[VisitRecord]()
    while True:
        listed = _listed(session, wanted, page, after, most + 1)
        met += (visit for visit in listed if all(holds(visit) for holds in narrows))
        if len(met) > page.size or len(listed) <= most:
            return met
        after = listed[-1].id


def _narrowing(
    wanted: Wanted, page: PageWanted, describe: Describe
) -> list[Callable[[VisitRecord], bool]]:
    """Return the conditions on a visit other than its patient or its day."""
    narrows: list[Callable[[VisitRecord], bool]] = []
    if codes := _codes(wanted):
        narrows.append(lambda visit: describe(visit)["status"] in codes)
    if "date" in wanted.values and _patient_id(wanted) is not None:
        begins = parameters.within("date", wanted.values["date"], page.zone)
        narrows.append(lambda visit: begins(visit.starts_at))
    if parameters.LAST_UPDATED.name in wanted.values:
        is_meant = parameters.updated_within(wanted, page.zone)
        narrows.append(lambda visit: is_meant(visit.changed_at))
    return narrows


def _codes(wanted: Wanted) -> set[str]:
    return set(wanted.values.get("status", ()))


def _patient_of_pending(wanted: Wanted) -> UUID:
    """Return the patient whose holds are asked for; raises InvalidInput.

    Holds cannot be searched by anything else.
    """
    patient_id = _patient_id(wanted)
    if patient_id is None or wanted.values.keys() - {"patient"} != {"status"}:
        sentence = f"{PENDING} requires a patient and no other search parameter."
        raise InvalidInput("status", sentence)
    if len(_codes(wanted)) > 1:
        raise InvalidInput(
            "status", f"{PENDING} cannot be combined with other statuses."
        )
    return patient_id


def _listed(
    session: Session, wanted: Wanted, page: PageWanted, after: UUID | None, most: int
) -> tuple[VisitRecord, ...]:
    actor, patient_id = wanted.actor, _patient_id(wanted)
    if actor.patient_id is None:
        actor.require(Permission.VIEW_VISITS)
    doctor_id = _referenced_id(wanted, "practitioner", "Practitioner")
    if patient_id is not None and doctor_id is None:
        return appointments.list_of_patient(
            session, actor, patient_id, after=after, limit=most
        )
    if patient_id is not None or "date" not in wanted.values:
        sentence = "Give patient, or date with an optional practitioner."
        raise InvalidInput("patient", sentence)
    return appointments.list_of_day(
        session,
        actor,
        _day(wanted.values["date"]),
        page.zone,
        doctor_id=doctor_id,
        after=after,
        limit=most,
    )


def _patient_id(wanted: Wanted) -> UUID | None:
    """Return the patient whose visits are asked for; for patients, they themselves."""
    return _referenced_id(wanted, "patient", "Patient") or wanted.actor.patient_id


def _day(values: Sequence[str]) -> date:
    """Return the one day whose visits of all patients are listed.

    Raises InvalidInput.
    """
    day = parameters.find_day("date", values[0]) if len(values) == 1 else None
    if day is None:
        raise InvalidInput(
            "date",
            "Without a patient, date must be a single day, such as 2026-11-23.",
        )
    return day


def _referenced_id(wanted: Wanted, name: str, kind: str) -> UUID | None:
    values = wanted.values.get(name, ())
    if len(values) > 1:
        raise InvalidInput(name, f"Only one {name} can be given.")
    return uuid_of(parameters.reference_to(kind, values[0])) if values else None


def _parameter(name: str, documentation: str) -> SearchParameter:
    is_id = name == "_id"
    return SearchParameter(
        name,
        "token" if is_id else "reference",
        documentation,
        parameters.keeping(name),
    )


def parameters_of(statuses: Sequence[str], system: str) -> tuple[SearchParameter, ...]:
    """Return the search parameters of visits.

    `statuses` are the standard's codes, and `system` the name of their code system.
    """
    return (
        _parameter(
            "_id",
            "Logical id of the resource; no other search parameter is allowed.",
        ),
        parameters.LAST_UPDATED,
        _parameter(
            "patient",
            "The patient; latest visits first. Required unless date is given or "
            "the caller is a patient.",
        ),
        SearchParameter(
            "date",
            "date",
            "When the visit begins. Without a patient, a single day, earliest "
            "visits first.",
            parameters.keeping_dates("date"),
        ),
        _parameter("practitioner", "The doctor; only with date and without patient."),
        SearchParameter(
            "status",
            "token",
            "Status of the visit.",
            parameters.keeping_codes("status", statuses, system),
        ),
    )
