"""Patient: identity and contact data; for analysts, without either."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import parameters, systems
from api.fhir.bulk.line_templates import known_of, template_maker
from api.fhir.definitions import (
    PageWanted,
    Resource,
    ResourceType,
    SearchPage,
    SearchParameter,
    Wanted,
    coding,
    concept,
    meta,
    place_in,
    search_page,
    uuid_of,
    without_empty,
)
from services.audit.log.patient_versions import list_patient_versions
from services.core.actors import Actor
from services.core.errors import InvalidInput
from services.fhir.bulk_exports.model import BulkSelection, BulkSource, Lines
from services.patients import search
from services.patients.records import patients, record_numbers, streaming
from services.patients.records.model import (
    ImportSource,
    PatientRecord,
    PseudonymisedPatient,
    Sex,
)

NAME: Final = "Patient"
_IDENTIFIER: Final = "identifier"
_IMPORTS: Final = frozenset(ImportSource)
_NUMBER_TYPE: Final = concept("Record number", coding(systems.IDENTIFIER_TYPE, "MR"))
_EMERGENCY: Final = concept("Emergency contact", coding(systems.CONTACT_ROLE, "C"))


def patient_resource(patient: PatientRecord | PseudonymisedPatient) -> Resource:
    """Return the Patient, as far as the reader may know their identity."""
    if isinstance(patient, PseudonymisedPatient):
        return _pseudonymised_resource(patient)
    return without_empty(
        {
            "resourceType": NAME,
            "id": str(patient.id),
            "meta": meta(patient.version, patient.updated_at),
            "identifier": [_record_number(patient), *_source_ids(patient)],
            "active": not patient.is_archived,
            "name": [{"family": patient.last_name, "given": [patient.first_name]}],
            "telecom": _telecom(patient),
            "gender": patient.sex.value,
            "birthDate": patient.date_of_birth.isoformat(),
            "deceasedDateTime": patient.deceased_on and patient.deceased_on.isoformat(),
            "address": [{"text": patient.address}] if patient.address else None,
            "contact": _contact(patient),
            "link": _link(patient),
        }
    )


def _pseudonymised_resource(patient: PseudonymisedPatient) -> Resource:
    """Return a Patient without identity: the year of birth, and no initials."""
    subsetted = coding(systems.OBSERVATION_VALUE, "SUBSETTED")
    return {
        "resourceType": NAME,
        "id": str(patient.id),
        "meta": meta(None, patient.updated_at, tag=[subsetted]),
        "active": not patient.is_archived,
        "gender": patient.sex.value,
        "birthDate": str(patient.birth_year),
    }


def _record_number(patient: PatientRecord) -> Resource:
    return {
        "use": "usual",
        "type": _NUMBER_TYPE,
        "system": systems.RECORD_NUMBER,
        "value": patient.record_number,
    }


def _source_ids(patient: PatientRecord) -> list[Resource]:
    # For invented patients, the source says how they were made.
    if patient.source not in _IMPORTS or patient.source_id is None:
        return []
    system = f"{systems.SOURCE}{patient.source}"
    return [{"use": "secondary", "system": system, "value": patient.source_id}]


def _telecom(patient: PatientRecord) -> list[Resource]:
    reached = (("phone", patient.phone_number), ("email", patient.email))
    return [{"system": how, "value": value} for how, value in reached if value]


def _contact(patient: PatientRecord) -> list[Resource]:
    if not patient.emergency_contact:
        return []
    name = {"text": patient.emergency_contact}
    return [{"relationship": [_EMERGENCY], "name": name}]


def _link(patient: PatientRecord) -> list[Resource]:
    if patient.merged_into_id is None:
        return []
    other = {"reference": f"{NAME}/{patient.merged_into_id}"}
    return [{"other": other, "type": "replaced-by"}]


def _read(session: Session, caller: Caller, id_: str) -> Resource:
    return patient_resource(patients.get_patient(session, caller.actor, uuid_of(id_)))


def _history(session: Session, caller: Caller, id_: str) -> Sequence[Resource]:
    versions = list_patient_versions(
        session, caller.stores.audit, caller.actor, uuid_of(id_)
    )
    return [
        patient_resource(version.record)
        | {"meta": meta(version.record.version, version.made_at)}
        for version in versions
    ]


def describe_fields(values: Mapping[str, Any]) -> Resource:
    """Return the Patient with the values of PATIENT_FIELDS."""
    known = {**values, "sex": Sex(values["sex"])}
    return patient_resource(known_of(PatientRecord, known))


def _read_all(session: Session, actor: Actor, selection: BulkSelection) -> Lines:
    return streaming.stream_patients(
        session,
        actor,
        template_maker(streaming.PATIENT_FIELDS, describe_fields),
        selection.patient_ids,
        since=selection.since,
    )


def _search(session: Session, wanted: Wanted, page: PageWanted) -> SearchPage:
    wanted = _narrow_to_identified(session, wanted)
    actor, criteria = wanted.actor, wanted.criteria
    listed = search.list_patients(
        session,
        actor,
        criteria,
        size=page.size or 1,
        place=place_in(page.after),
        is_placed=True,
        now=page.now,
    )
    return search_page(
        listed,
        page,
        patient_resource,
        lambda: search.count_patients(session, actor, criteria, now=page.now),
    )


def _narrow_to_identified(session: Session, wanted: Wanted) -> Wanted:
    """Return the search narrowed to the patient with the identifier, if one is given.

    A record's own number: the search box would lead from a merged record to the other.
    """
    if _IDENTIFIER not in wanted.values:
        return wanted
    source, value = wanted.values[_IDENTIFIER]
    if source:
        id_ = patients.find_imported(session, wanted.actor, source, value)
    else:
        id_ = patients.find_numbered(session, wanted.actor, value)
    return parameters.narrowed_to(wanted, parameters.is_id(str(id_ or "")))


def _identified(wanted: Wanted, values: Sequence[str]) -> Wanted:
    if len(values) > 1 or _IDENTIFIER in wanted.values:
        raise InvalidInput(_IDENTIFIER, "Only one identifier can be given.")
    system, bar, value = values[0].rpartition("|")
    if not value:
        # Nobody would be found, and a conditional create would create one each time.
        raise InvalidInput(_IDENTIFIER, "identifier needs a value after the system.")
    source = system.removeprefix(systems.SOURCE)
    if source == system or source not in _IMPORTS:
        number = record_numbers.parse(value)
        if (bar and system not in {"", systems.RECORD_NUMBER}) or number is None:
            return parameters.narrowed_to(wanted, parameters.NOTHING)
        source, value = "", number
    return replace(wanted, values={**wanted.values, _IDENTIFIER: (source, value)})


def _active(wanted: Wanted, values: Sequence[str]) -> Wanted:
    if tuple(values) not in {("true",), ("false",)}:
        raise InvalidInput("active", "active must be true or false.")
    archived = values[0] == "false"
    return replace(wanted, criteria=replace(wanted.criteria, archived=archived))


_TEXTS: Final = {
    "name": ("Beginning of the family or given name.", ("last_name", "first_name")),
    "family": ("Beginning of the family name.", ("last_name",)),
    "given": ("Beginning of the given name.", ("first_name",)),
}
PATIENT: Final = ResourceType(
    name=NAME,
    documentation="The clinic's patients. Archived patients can be read by id, "
    "and are found with active=false only.",
    read=_read,
    history=_history,
    search=_search,
    bulk=BulkSource(patients.permission_to_stream, _read_all),
    parameters=(
        parameters.ID,
        parameters.last_updated(),
        SearchParameter(
            _IDENTIFIER,
            "token",
            "The record number or, with its system, the identifier in an import.",
            _identified,
        ),
        *(
            SearchParameter(
                name,
                "string",
                text,
                parameters.filtering(parameters.starts_with(*fields)),
            )
            for name, (text, fields) in _TEXTS.items()
        ),
        SearchParameter(
            "birthdate",
            "date",
            "The date of birth.",
            parameters.filtering(parameters.dated("birthdate", "date_of_birth")),
        ),
        SearchParameter(
            "gender",
            "token",
            "Administrative gender.",
            parameters.filtering(
                parameters.one_of("gender", "sex", [*Sex], ["", systems.GENDER])
            ),
        ),
        SearchParameter(
            "active",
            "token",
            "false finds archived patients; true by default.",
            _active,
        ),
    ),
    sorts={
        "_id": "id",
        "_lastUpdated": "updated_at",
        "family": "last_name",
        "given": "first_name",
        "birthdate": "date_of_birth",
        "gender": "sex",
    },
)
