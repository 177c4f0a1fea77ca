"""AllergyIntolerance: what a patient's record says of allergies, entry by entry."""

import hashlib
import hmac
from collections.abc import Sequence
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    ResourceType,
    bulk_source,
    coding,
    concept,
    instant,
    meta,
)
from api.fhir.resources.parts import PartsOfRecords
from api.fhir.resources.patients import stream_everybody
from services.core.actors import Actor, Permission
from services.patients.records import patients
from services.patients.records.model import PatientRecord

NAME: Final = "AllergyIntolerance"
_NONE_KNOWN: Final = "No known allergies"
_NONE_KNOWN_CODE: Final = "716186003"
_DIGITS: Final = 12


def allergy_resources(patient: PatientRecord) -> list[Resource]:
    """Return the allergies in the record, or that there are none, if that is said."""
    if patient.no_known_allergies:
        none_known = coding(systems.SNOMED, _NONE_KNOWN_CODE)
        return [_allergy(patient, _NONE_KNOWN, none_known)]
    return [_allergy(patient, text) for text in dict.fromkeys(patient.allergies)]


def _allergy(patient: PatientRecord, text: str, *codings: Resource) -> Resource:
    active = coding(systems.ALLERGY_CLINICAL, "active")
    # What is in the record was said by the patient or somebody who treats them; whether
    # it was ever tested, the record does not say.
    unconfirmed = coding(systems.ALLERGY_VERIFICATION, "unconfirmed")
    return {
        "resourceType": NAME,
        "id": _id_of(patient, text),
        "meta": meta(patient.version, patient.updated_at),
        "clinicalStatus": {"coding": [active]},
        "verificationStatus": {"coding": [unconfirmed]},
        "code": concept(text, *codings),
        "patient": {"reference": f"Patient/{patient.id}"},
    }


def _id_of(patient: PatientRecord, text: str) -> str:
    """Return the entry's own id, the same wherever in the list the entry stands.

    It must not tell the allergy to who reads an address: the moment at which the
    patient was registered goes into it, which stands in no log.
    """
    key = f"{patient.id} {instant(patient.created_at)}".encode()
    digest = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"{patient.id}.{digest[:_DIGITS]}"


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
    documentation="The allergies in a patient's record, in the clinic's words.",
    read=_PARTS.read,
    search=_PARTS.search,
    bulk=bulk_source(
        stream_everybody,
        lambda _, records: chain.from_iterable(map(allergy_resources, records)),
        patients.permission_to_stream,
    ),
    parameters=_PARTS.parameters(),
)
