"""`Patient/{id}/$summary`: the operation, and the document that it returns.

https://hl7.org/fhir/uv/ips/, version 2. Every resource in it is as the caller would get
it by reading it alone.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4, uuid5

from sqlalchemy.orm import Session

from api.core.answers import read_headers
from api.core.dependencies import Caller
from api.fhir import systems
from api.fhir.definitions import (
    Arguments,
    DocumentOperation,
    Resource,
    coding,
    instant,
    uuid_of,
    without_empty,
)
from api.fhir.resources.encounters import encounter_resource
from api.fhir.resources.patients import patient_resource
from api.fhir.resources.practitioners import practitioner_resource
from api.fhir.summary.sections import LANGUAGE, Entry, Section, sections_of, served
from services.consultations import summaries
from services.consultations.summaries import PatientSummary
from services.core.actors import Permission, Role
from services.core.errors import InvalidInput, NotFound
from services.documents.forms import Clinic
from services.visits.front_desk import appointments
from services.visits.front_desk.appointments import VisitRecord
from services.visits.schedule import doctors

_GUIDE: Final = "http://hl7.org/fhir/uv/ips"
# The first version of IPS names a summary by the Bundle, the second by the Composition.
_PROFILES: Final = tuple(
    f"{_GUIDE}/StructureDefinition/{name}-uv-ips" for name in ("Bundle", "Composition")
)
_TITLE: Final = "Patient summary"
_TYPE: Final = coding(systems.LOINC, "60591-5") | {
    "display": "Patient summary Document"
}
# The namespace of the clinic's id, so that it is the same in all documents.
_CLINICS: Final = UUID("0198c0de-1427-7000-8000-00000000000f")
_MOST_VISITS: Final = 499


def _summarise(
    caller: Caller, base: str, id_: str, arguments: Arguments
) -> tuple[Resource, dict[str, str]]:
    profiles = arguments.get("profile", ())
    if any(profile.partition("|")[0] not in _PROFILES for profile in profiles):
        known = " or ".join(_PROFILES)
        raise InvalidInput("profile", f"profile must be {known}, or omitted.")
    now = caller.stores.now()
    read = caller.read(lambda session: _document(session, caller, base, id_, now))
    return read.value, read_headers(read, caller.after)


def _document(
    session: Session, caller: Caller, base: str, id_: str, now: datetime
) -> Resource:
    summary = summaries.collect(
        session,
        caller.actor,
        uuid_of(id_),
        zone=now.tzinfo,
        with_notes=caller.may_read_type("Condition")
        or caller.may_read_type("Observation"),
        with_prescriptions=caller.may_read_type("MedicationRequest"),
    )
    sections = sections_of(summary, base, caller.may_read_type)
    section_entries = [entry for section in sections for entry in section.entries]
    clinic = _organization(caller.stores.papers.clinic)
    entries = [
        served(patient_resource(summary.patient), base),
        clinic,
        *section_entries,
        *_referred_to(session, caller, summary.patient.id, section_entries, base),
    ]
    composition = _composition(summary, sections, base, clinic.url, now)
    return {
        "resourceType": "Bundle",
        "id": str(uuid4()),
        "identifier": {
            "system": systems.UUID_URI,
            "value": f"urn:uuid:{composition['id']}",
        },
        "type": "document",
        "timestamp": instant(now),
        "entry": [
            {"fullUrl": entry.url, "resource": entry.resource}
            for entry in (Entry(f"urn:uuid:{composition['id']}", composition), *entries)
        ],
    }


def _composition(
    summary: PatientSummary,
    sections: Sequence[Section],
    base: str,
    clinic: str,
    now: datetime,
) -> Resource:
    return {
        "resourceType": "Composition",
        "id": str(uuid4()),
        "language": LANGUAGE,
        "status": "final",
        "type": {"coding": [_TYPE]},
        "subject": {"reference": f"{base}/Patient/{summary.patient.id}"},
        "date": instant(now),
        "author": [{"reference": clinic}],
        "title": _TITLE,
        "confidentiality": "N",
        "custodian": {"reference": clinic},
        "section": [section.described() for section in sections],
    }


def _organization(clinic: Clinic) -> Entry:
    id_ = str(uuid5(_CLINICS, clinic.name))
    address = ", ".join(filter(None, map(str.strip, clinic.address.split("\n"))))
    phone = {"system": "phone", "value": clinic.phone}
    resource = without_empty(
        {
            "resourceType": "Organization",
            "id": id_,
            "name": clinic.name,
            "telecom": [phone] if clinic.phone else None,
            "address": [{"text": address}] if address else None,
        }
    )
    return Entry(f"urn:uuid:{id_}", resource)


def _referred_to(
    session: Session,
    caller: Caller,
    patient_id: UUID,
    entries: Sequence[Entry],
    base: str,
) -> Iterator[Entry]:
    """Yield the visits and doctors referred to, as far as the caller may read them."""
    visits = _visits(session, caller, patient_id, entries)
    doctor_ids = {
        *_named(entries, "requester", "Practitioner"),
        *(visit.doctor_id for visit in visits),
    }
    for visit in visits:
        yield served(encounter_resource(visit), base)
    if caller.actor.may(Permission.VIEW_DOCTORS) and caller.may_read_type(
        "Practitioner"
    ):
        for doctor_id in sorted(doctor_ids):
            # A doctor who was removed since is known only by the name in the
            # prescription.
            with suppress(NotFound):
                doctor = doctors.get_doctor(session, caller.actor, doctor_id)
                yield served(practitioner_resource(doctor), base)


def _visits(
    session: Session, caller: Caller, patient_id: UUID, entries: Sequence[Entry]
) -> list[VisitRecord]:
    actor = caller.actor
    is_own = actor.role is Role.PATIENT
    view = Permission.VIEW_OWN_VISITS if is_own else Permission.VIEW_VISITS
    named = _named(entries, "encounter", "Encounter")
    if not named or not actor.may(view) or not caller.may_read_type("Encounter"):
        return []
    listed = appointments.list_of_patient(
        session, actor, patient_id, limit=_MOST_VISITS
    )
    return [visit for visit in listed if visit.id in named]


def _named(entries: Sequence[Entry], element: str, kind: str) -> set[UUID]:
    references = (
        entry.resource[element]["reference"]
        for entry in entries
        if element in entry.resource
    )
    return {uuid_of(reference.removeprefix(f"{kind}/")) for reference in references}


SUMMARY: Final = DocumentOperation(
    on="Patient",
    name="summary",
    definition=f"{_GUIDE}/OperationDefinition/summary",
    documentation="The International Patient Summary, limited to what you may read.",
    parameters={"profile": f"{' or '.join(_PROFILES)}; optional."},
    run=_summarise,
)
