"""Visits by FHIR's search parameters: those of a patient, or of a day."""

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

# As many as a list of a day has at most, less the one that tells whether it goes on.
_MOST: Final = 499

Describe = Callable[[VisitRecord], Resource]


def searching(describe: Describe, read: Read) -> Search:
    """Return what finds visits: of a patient, the latest first, or of a day.

    `read` reads the one of an id.
    """

    def search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
        if "_id" in wanted.values:
            return _named(session, wanted, page, read)
        return _search(session, wanted, page, describe)

    return search


def visits_source(describe: Describe, names: Sequence[str]) -> BulkSource:
    """Return how what a mapping tells of visits by these fields is exported."""
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
    size = min(page.size, _MOST)
    page = replace(page, size=size)
    visits = _listed(session, wanted, page)
    shown = visits[:size]
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
        raise InvalidInput("_id", "_id stands alone: it needs no other parameter.")
    resources = []
    for id_ in dict.fromkeys(wanted.values["_id"]):
        with suppress(NotFound):
            resources.append(read(session, wanted.caller, id_))
    return page_of(resources, dict, page)


def _listed(
    session: Session, wanted: Wanted, page: PageWanted
) -> tuple[VisitRecord, ...]:
    actor, after = wanted.actor, uuid_of(page.after) if page.after else None
    patient_id = _referenced_id(wanted, "patient", "Patient") or actor.patient_id
    most = page.size + 1
    if actor.patient_id is None:
        actor.require(Permission.VIEW_VISITS)
    if "date" not in wanted.values and "practitioner" not in wanted.values:
        if patient_id is None:
            raise InvalidInput("patient", "Say whose, by patient, or of which day.")
        return appointments.list_of_patient(
            session, actor, patient_id, after=after, limit=most
        )
    if patient_id is not None or "date" not in wanted.values:
        raise InvalidInput("date", "Ask for a patient's visits, or for those of a day.")
    zone = page.now.tzinfo
    assert zone is not None  # noqa: S101 (the clinic's clock has one)
    return appointments.list_of_day(
        session,
        actor,
        date.fromisoformat(wanted.values["date"][0]),
        zone,
        doctor_id=_referenced_id(wanted, "practitioner", "Practitioner"),
        after=after,
        limit=most,
    )


def _referenced_id(wanted: Wanted, name: str, kind: str) -> UUID | None:
    values = wanted.values.get(name, ())
    if len(values) > 1:
        raise InvalidInput(name, f"Ask for one {name} at a time.")
    return uuid_of(parameters.reference_to(kind, values[0])) if values else None


def _keep_day(wanted: Wanted, values: Sequence[str]) -> Wanted:
    try:
        [day] = values
        date.fromisoformat(day.removeprefix("eq"))
    except ValueError as error:
        raise InvalidInput("date", "date is one day, such as 2026-11-23.") from error
    return parameters.keeping("date")(wanted, [day.removeprefix("eq")])


def _parameter(name: str, documentation: str) -> SearchParameter:
    is_id = name == "_id"
    return SearchParameter(
        name,
        "token" if is_id else "reference",
        documentation,
        parameters.keeping(name),
    )


PARAMETERS: Final = (
    _parameter("_id", "The id; it stands alone."),
    _parameter("patient", "Whose visits, the latest first; or a date."),
    SearchParameter(
        "date", "date", "Of which day, the earliest first; or a patient.", _keep_day
    ),
    _parameter("practitioner", "Of a day, with whom."),
)
