"""Condition: patients' diagnoses at visits."""

import hashlib
import hmac
from collections.abc import Sequence
from itertools import chain
from typing import Final

from sqlalchemy.orm import Session

from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    ResourceType,
    coding,
    concept,
    instant,
    meta,
    without_empty,
)
from api.fhir.resources.parts import (
    DateOf,
    PartsOfRecords,
    has_code,
    notes_source,
    parts_of_notes,
)
from services.consultations import code_lists
from services.consultations.diagnoses import SYSTEM, DiagnosisList
from services.consultations.notes import Diagnosis
from services.consultations.notes.visit_notes import VisitNotes
from services.core.actors import Permission

NAME: Final = "Condition"
_AT_A_VISIT: Final = {
    "coding": [coding(systems.CONDITION_CATEGORY, "encounter-diagnosis")],
    "text": "Diagnosis of a visit",
}
_DIGITS: Final = 12


def condition_resources(written: VisitNotes, listed: DiagnosisList) -> list[Resource]:
    """Return the diagnoses of a visit, each once."""
    return [
        {
            "resourceType": NAME,
            "id": _id_of(written, diagnosis),
            "meta": meta(written.number, written.changed_at),
            "category": [_AT_A_VISIT],
            "code": _code(diagnosis, listed),
            "subject": {"reference": f"Patient/{written.patient_id}"},
            "encounter": {"reference": f"Encounter/{written.appointment_id}"},
            "recordedDate": instant(written.visited_at),
        }
        for diagnosis in dict.fromkeys(written.notes.diagnoses)
    ]


def _code(diagnosis: Diagnosis, listed: DiagnosisList) -> Resource:
    code, system = diagnosis.code, diagnosis.system or SYSTEM
    term = listed.title_of(code, diagnosis.system) if code else ""
    codings = [without_empty(coding(system, code) | {"display": term})] if code else []
    return concept(diagnosis.text or term, *codings)


def _id_of(written: VisitNotes, diagnosis: Diagnosis) -> str:
    """Return the diagnosis' own id, which does not depend on its position.

    It must not reveal the diagnosis to readers of an address: the id of the notes,
    which is in no address, goes into it.
    """
    named = f"{diagnosis.system} {diagnosis.code} {diagnosis.text}".encode()
    digest = hmac.new(written.record_id.bytes, named, hashlib.sha256).hexdigest()
    return f"{written.appointment_id}.{digest[:_DIGITS]}"


def _describe(session: Session, notes: Sequence[VisitNotes]) -> list[Resource]:
    listed = code_lists.diagnoses(session)
    return list(
        chain.from_iterable(condition_resources(written, listed) for written in notes)
    )


_OF_VISIT, _OF_PATIENT = parts_of_notes(_describe)
_PARTS: Final = PartsOfRecords(
    noun="diagnosis",
    of_record=_OF_VISIT,
    of_patient=_OF_PATIENT,
    permission=Permission.READ_RECORDS,
    holds={"category": has_code("category"), "code": has_code("code")},
    dates={"recorded-date": DateOf(("recordedDate",), "When the visit began.")},
)
CONDITION: Final = ResourceType(
    name=NAME,
    documentation="Diagnoses made at visits. The medical history is uncoded "
    "and not included.",
    read=_PARTS.read,
    search=_PARTS.search,
    bulk=notes_source(_describe),
    parameters=_PARTS.parameters(
        category="Always encounter-diagnosis.",
        code="The code as recorded, such as J45.",
    ),
)
