"""Practitioner and PractitionerRole: the clinic's doctors, and their roles here."""

from collections.abc import Callable, Sequence
from typing import Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import parameters, systems
from api.fhir.definitions import (
    PageWanted,
    Read,
    Resource,
    ResourceType,
    Search,
    SearchPage,
    SearchParameter,
    Wanted,
    bulk_source,
    meta,
    page_of,
    uuid_of,
    without_empty,
)
from services.core.actors import Actor, Permission
from services.core.errors import InvalidInput
from services.fhir.bulk_exports.model import BulkSelection
from services.lists.folding import fold
from services.visits.schedule import doctors
from services.visits.schedule.doctors import DoctorRecord

_MOST: Final = 10_000


def practitioner_resource(doctor: DoctorRecord) -> Resource:
    """Return the doctor; e-mail and license only for readers who may know them."""
    license_number = {
        "system": systems.LICENSE_NUMBER,
        "value": doctor.license_number,
    }
    return without_empty(
        {
            "resourceType": "Practitioner",
            "id": str(doctor.id),
            "meta": meta(doctor.revision, doctor.updated_at),
            "identifier": [license_number] if doctor.license_number else None,
            "active": doctor.is_active,
            "name": [{"text": doctor.name}],
            "telecom": [{"system": "email", "value": doctor.email}]
            if doctor.email
            else None,
            "address": [{"city": doctor.city}] if doctor.city else None,
            "gender": doctor.sex,
        }
    )


def role_resource(doctor: DoctorRecord) -> Resource:
    """Return the doctor's role at this clinic."""
    return without_empty(
        {
            "resourceType": "PractitionerRole",
            "id": str(doctor.id),
            "meta": meta(doctor.revision, doctor.updated_at),
            "active": doctor.is_active,
            "practitioner": {
                "reference": f"Practitioner/{doctor.id}",
                "display": doctor.name,
            },
            "specialty": [{"text": doctor.speciality}],
            "location": [{"display": doctor.room}] if doctor.room else None,
        }
    )


Describe = Callable[[DoctorRecord], Resource]


def _reading(describe: Describe) -> Read:
    def read(session: Session, caller: Caller, id_: str) -> Resource:
        return describe(doctors.get_doctor(session, caller.actor, uuid_of(id_)))

    return read


def _searching(describe: Describe) -> Search:
    def search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
        # A clinic has few doctors: all of them are read.
        rows = doctors.list_doctors(
            session, wanted.actor, with_inactive=True, limit=_MOST
        )
        named = _find_named(session, rows, wanted.values.get("name", ()))
        is_meant = parameters.updated_within(wanted, page.zone)
        met = [row for row in named if _meets(row, wanted) and is_meant(row.updated_at)]
        return page_of(met, describe, page)

    return search


def _stream(
    session: Session, actor: Actor, selection: BulkSelection
) -> list[Sequence[DoctorRecord]]:
    """Return all doctors, or those changed since `selection.since`."""
    since = selection.since
    listed = doctors.list_doctors(session, actor, with_inactive=True, limit=_MOST)
    return [
        [
            doctor
            for doctor in listed
            if since is None or (doctor.updated_at and doctor.updated_at > since)
        ]
    ]


def _find_named(
    session: Session, listed: Sequence[DoctorRecord], names: Sequence[str]
) -> Sequence[DoctorRecord]:
    """Return the doctors whose name, or a word of it, begins with one of these names.

    Without names, all match. Case and accents are ignored, as in the search for
    patients.
    """
    if not names:
        return listed
    folded = fold(session, [*names, *(doctor.name for doctor in listed)])
    begins = tuple(folded[name] for name in names)
    return [
        doctor
        for doctor in listed
        if any(
            word.startswith(begins)
            for word in (folded[doctor.name], *folded[doctor.name].split())
        )
    ]


def _meets(doctor: DoctorRecord, wanted: Wanted) -> bool:
    """Return whether the doctor matches a value of each other parameter."""
    return all(
        any(_HOLDS[name](doctor, value) for value in values)
        for name, values in wanted.values.items()
        if name in _HOLDS
    )


def _is_active(doctor: DoctorRecord, value: str) -> bool:
    return doctor.is_active == (value == "true")


def _is(doctor: DoctorRecord, value: str) -> bool:
    return doctor.id == uuid_of(value)


def _is_referred_to(doctor: DoctorRecord, value: str) -> bool:
    return _is(doctor, parameters.reference_to("Practitioner", value))


_HOLDS: Final[dict[str, Callable[[DoctorRecord, str], bool]]] = {
    "_id": _is,
    "active": _is_active,
    "practitioner": _is_referred_to,
    "actor": _is_referred_to,
}
_ID: Final = SearchParameter(
    "_id", "token", "Logical id of the resource.", parameters.keeping("_id")
)


def _keep_active(wanted: Wanted, values: Sequence[str]) -> Wanted:
    if not {*values} <= {"true", "false"}:
        raise InvalidInput("active", "active must be true or false.")
    return parameters.keeping("active")(wanted, values)


_ACTIVE: Final = SearchParameter(
    "active", "token", "Whether the doctor can be booked.", _keep_active
)


def doctor_type(
    name: str,
    documentation: str,
    describe: Describe,
    own: Sequence[SearchParameter],
    *,
    is_exported: bool = False,
) -> ResourceType:
    """Return a type with one resource for each doctor, under the doctor's id."""
    return ResourceType(
        name=name,
        documentation=documentation,
        read=_reading(describe),
        search=_searching(describe),
        bulk=bulk_source(
            _stream,
            lambda _, rows: map(describe, rows),
            lambda _: Permission.VIEW_DOCTORS,
            is_of_patients=False,
        )
        if is_exported
        else None,
        parameters=(_ID, parameters.LAST_UPDATED, _ACTIVE, *own),
    )


PRACTITIONER: Final = doctor_type(
    "Practitioner",
    "The clinic's doctors.",
    practitioner_resource,
    [
        SearchParameter(
            "name",
            "string",
            "Beginning of the name, or of a word in it.",
            parameters.keeping("name"),
        )
    ],
    is_exported=True,
)
PRACTITIONER_ROLE: Final = doctor_type(
    "PractitionerRole",
    "A doctor's specialty and room. The id is the doctor's.",
    role_resource,
    [
        SearchParameter(
            "practitioner",
            "reference",
            "The doctor who has the role.",
            parameters.keeping("practitioner"),
        )
    ],
    is_exported=True,
)
