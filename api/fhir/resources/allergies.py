"""AllergyIntolerance: what a patient's record says of allergies, entry by entry."""

import hmac
from collections.abc import Mapping, Sequence
from hashlib import sha256
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
    instant,
    meta,
)
from api.fhir.resources.parts import PartsOfRecords
from services.core.actors import Actor, Permission
from services.fhir.bulk_exports.model import BulkSelection, BulkSource, Lines
from services.patients.records import lines, patients
from services.patients.records.model import PatientRecord

NAME: Final = "AllergyIntolerance"
_NONE_KNOWN: Final = "No known allergies"
_NONE_KNOWN_CODE: Final = "716186003"
_DIGITS: Final = 12
# RFC 2104: what a key, filled up to a block with zeros, is combined with.
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))
_INNER_REST, _OUTER_REST = _INNER[:1] * 32, _OUTER[:1] * 32


def allergy_resources(patient: PatientRecord) -> list[Resource]:
    """Return the allergies in the record, or that there are none, if that is said."""
    terms = (_NONE_KNOWN,) if patient.no_known_allergies else patient.allergies
    return [
        allergy_resource(patient, term, _id_of(patient, term))
        for term in dict.fromkeys(terms)
    ]


def allergy_resource(patient: PatientRecord, term: str, id_: str) -> Resource:
    """Return an allergy of the record under its id."""
    active = coding(systems.ALLERGY_CLINICAL, "active")
    # What is in the record was said by the patient or somebody who treats them; whether
    # it was ever tested, the record does not say.
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
    registered_at = instant(patient.created_at)
    own = _own_id(str(patient.id).encode(), registered_at.encode(), term.encode())
    return f"{patient.id}.{own.decode()}"


def _own_id(patient_id: bytes, registered_at: bytes, term: bytes) -> bytes:
    """Return the entry's own id, the same wherever in the list the entry stands.

    It must not tell the allergy to who reads an address: the moment at which the
    patient was registered goes into it, which stands in no log.
    """
    digest = hmac.digest(b"%b %b" % (patient_id, registered_at), term, "sha256")
    return digest.hex()[:_DIGITS].encode()


def describe_fields(values: Mapping[str, Any]) -> Resource:
    """Return the allergy of ALLERGY_FIELDS."""
    known = dict(values)
    own_id, term = known.pop("own_id"), known.pop("term")
    id_ = f"{known['id']}.{own_id}"
    return allergy_resource(known_of(PatientRecord, known), term, id_)


def _read_all(session: Session, actor: Actor, selection: BulkSelection) -> Lines:
    return lines.stream_allergies(
        session,
        actor,
        template_maker(lines.ALLERGY_FIELDS, describe_fields),
        selection.patient_ids,
        none_known=_NONE_KNOWN,
        own_ids=_own_ids,
        since=selection.since,
    )


def _own_ids(
    patient_ids: Sequence[bytes], registered_at: Sequence[bytes], terms: Sequence[bytes]
) -> Sequence[bytes]:
    """Return what `_own_id` does of each, for a third less.

    OpenSSL looks up what an HMAC is for each one anew; so this is what it is by its
    definition, with a key that is longer than a block.
    """
    own_ids = []
    for patient_id, at, term in zip(patient_ids, registered_at, terms, strict=True):
        key = sha256(b"%b %b" % (patient_id, at)).digest()
        inner = sha256(key.translate(_INNER) + _INNER_REST + term).digest()
        outer = sha256(key.translate(_OUTER) + _OUTER_REST + inner)
        own_ids.append(outer.hexdigest()[:_DIGITS].encode())
    return own_ids


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
    bulk=BulkSource(patients.permission_to_stream, _read_all),
    parameters=_PARTS.parameters(),
)
