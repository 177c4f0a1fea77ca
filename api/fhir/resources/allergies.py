"""AllergyIntolerance: the allergies in a patient's record, entry by entry."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.fhir import systems
from api.fhir.bulk.line_templates import known_of, template_maker
from api.fhir.definitions import (
    Resource,
    ResourceType,
    coding,
    concept,
    meta,
)
from api.fhir.resources.parts import PartsOfRecords
from services.core.actors import Actor, Permission
from services.fhir.bulk_exports.model import BulkSelection, BulkSource, Lines
from services.patients.records import patients, streaming
from services.patients.records.model import PatientRecord

NAME: Final = "AllergyIntolerance"
_NONE_KNOWN: Final = "No known allergies"
_NONE_KNOWN_CODE: Final = "716186003"


def allergy_resources(patient: PatientRecord) -> list[Resource]:
    """Return the allergies in the record, or the statement that none are known."""
    terms = (_NONE_KNOWN,) if patient.no_known_allergies else patient.allergies
    return [
        allergy_resource(patient, term, _id_of(patient, term))
        for term in dict.fromkeys(terms)
    ]


def allergy_resource(patient: PatientRecord, term: str, id_: str) -> Resource:
    """Return an allergy of the record with this id."""
    active = coding(systems.ALLERGY_CLINICAL, "active")
    # What is in the record was stated by the patient or somebody who treats them;
    # whether it was ever tested, the record does not say.
    unconfirmed = coding(systems.ALLERGY_VERIFICATION, "unconfirmed")
    none_known = coding(systems.SNOMED, _NONE_KNOWN_CODE)
    codings = [none_known] if patient.no_known_allergies else []
    return {
        "resourceType": NAME,
        "id": id_,
        "meta": meta(patient.version, patient.updated_at),
        "clinicalStatus": {"coding": [active]},
        "verificationStatus": {"coding": [unconfirmed]},
        "code": concept(term, *codings),
        "patient": {"reference": f"Patient/{patient.id}"},
    }


def _id_of(patient: PatientRecord, term: str) -> str:
    return f"{patient.id}.{streaming.allergy_id(patient.id, patient.created_at, term)}"


def describe_fields(values: Mapping[str, Any]) -> Resource:
    """Return the allergy with the values of ALLERGY_FIELDS."""
    known = dict(values)
    own_id, term = known.pop("own_id"), known.pop("term")
    id_ = f"{known['id']}.{own_id}"
    return allergy_resource(known_of(PatientRecord, known), term, id_)


def _read_all(session: Session, actor: Actor, selection: BulkSelection) -> Lines:
    return streaming.stream_allergies(
        session,
        actor,
        template_maker(streaming.ALLERGY_FIELDS, describe_fields),
        selection.patient_ids,
        none_known=_NONE_KNOWN,
        since=selection.since,
    )


def _of_patient(session: Session, actor: Actor, patient_id: UUID) -> Sequence[Resource]:
    return allergy_resources(patients.get_patient(session, actor, patient_id))


_PARTS: Final = PartsOfRecords(
    noun="allergy",
    of_record=_of_patient,
    of_patient=_of_patient,
    permission=Permission.VIEW_PATIENT,
    holds={},
)
ALLERGY: Final = ResourceType(
    name=NAME,
    documentation="Allergies in the patient's record, in the clinic's own words.",
    read=_PARTS.read,
    search=_PARTS.search,
    bulk=BulkSource(patients.permission_to_stream, _read_all),
    parameters=_PARTS.parameters(),
)
