"""MedicationRequest: the lines of prescriptions that the clinic has issued."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from api.core.dependencies import Caller
from api.fhir import systems
from api.fhir.definitions import (
    Resource,
    ResourceType,
    bulk_source,
    instant,
    meta,
    uuid_of,
    without_empty,
)
from api.fhir.resources.parts import DateOf, PartsOfRecords, is_code
from services.consultations import prescriptions
from services.consultations.prescriptions import (
    PrescriptionLine,
    PrescriptionRecord,
    PrescriptionStatus,
)
from services.core.actors import Actor, Permission
from services.core.errors import NotFound
from services.fhir.bulk_exports.model import BulkSelection

NAME: Final = "MedicationRequest"
_STATUS: Final = {
    PrescriptionStatus.ISSUED: "active",
    PrescriptionStatus.WITHDRAWN: "cancelled",
}
# More than any patient has: FHIR splits a list into pages, and never truncates it.
_MOST: Final = 10_000
# One number and its unit. "20 000 units" and "2 x 30 tablets" do not mean 20 and 2, and
# "1.000 units" may be one or a thousand.
_QUANTITY: Final = re.compile(
    r"([0-9]{1,6}(?:\.[0-9]{1,2})?)"
    r"(?:\s+(?!(?:x|times|mal|to|bis|or|oder)\b)([^\W\d_].{0,79}))?",
    re.IGNORECASE,
)


def medication_resources(prescription: PrescriptionRecord) -> list[Resource]:
    """Return a request for each line of the current version."""
    return [
        _request(prescription, number, line)
        for number, line in enumerate(prescription.version.lines, start=1)
    ]


def _request(
    prescription: PrescriptionRecord, number: int, line: PrescriptionLine
) -> Resource:
    version = prescription.version
    return without_empty(
        {
            "resourceType": NAME,
            "id": f"{prescription.id}.{number}",
            "meta": _meta(prescription),
            "groupIdentifier": {
                "system": systems.UUID_URI,
                "value": f"urn:uuid:{prescription.id}",
            },
            "status": _STATUS[prescription.status],
            "intent": "order",
            "medicationCodeableConcept": {"text": line.drug},
            "subject": {"reference": f"Patient/{prescription.patient_id}"},
            "encounter": {"reference": f"Encounter/{prescription.appointment_id}"},
            "authoredOn": instant(version.created_at),
            "requester": {
                "reference": f"Practitioner/{prescription.doctor_id}",
                "display": prescription.doctor_name,
            },
            "note": [{"text": text} for text in _notes(version.note, line)],
            "dosageInstruction": [_dosage(line)],
            "dispenseRequest": _dispense(line),
        }
    )


def _meta(prescription: PrescriptionRecord) -> Resource:
    """Return the prescription's version; withdrawn, it is the one after."""
    version = prescription.version
    if prescription.status is PrescriptionStatus.WITHDRAWN:
        return meta(version.number + 1, prescription.withdrawn_at)
    return meta(version.number, version.created_at)


def _dosage(line: PrescriptionLine) -> Resource:
    said = (line.dose, line.frequency, line.duration)
    route = {"text": line.route} if line.route else None
    return without_empty({"text": ", ".join(filter(None, said)), "route": route})


def _plain_quantity(line: PrescriptionLine) -> re.Match[str] | None:
    """Return the quantity as a number and its unit; None if it is anything else."""
    return _QUANTITY.fullmatch(line.quantity.strip())


def _notes(note: str, line: PrescriptionLine) -> Iterator[str]:
    """Return the prescription's note, and a quantity that is not a plain number.

    FHIR's quantity is a number, so "2 x 30 tablets" would be lost to a pharmacy.
    """
    if note:
        yield note
    if line.quantity.strip() and not _plain_quantity(line):
        yield f"Quantity: {line.quantity.strip()}"


def _dispense(line: PrescriptionLine) -> Resource:
    """Return what to dispense; a quantity that is not a plain number is a note."""
    quantity = _plain_quantity(line)
    repeats = int(line.repeats) if line.repeats.isdigit() else None
    return without_empty(
        {
            "quantity": without_empty(
                {"value": float(quantity[1]), "unit": quantity[2]}
            )
            if quantity
            else None,
            "numberOfRepeatsAllowed": repeats,
        }
    )


def _of_prescription(session: Session, actor: Actor, id_: UUID) -> Sequence[Resource]:
    return medication_resources(prescriptions.get(session, actor, id_))


def _of_patient(session: Session, actor: Actor, patient_id: UUID) -> Sequence[Resource]:
    issued = prescriptions.list_of_patient(session, actor, patient_id, limit=_MOST)
    return list(chain.from_iterable(map(medication_resources, issued)))


def _stream(
    session: Session, actor: Actor, selection: BulkSelection
) -> Iterator[Sequence[PrescriptionRecord]]:
    return prescriptions.stream_all(
        session, actor, selection.patient_ids, since=selection.since
    )


def _history(session: Session, caller: Caller, id_: str) -> Sequence[Resource]:
    """Return the line in each version that has it, and as withdrawn."""
    prescription_id = uuid_of(id_.partition(".")[0])
    latest = prescriptions.get(session, caller.actor, prescription_id)
    states = [
        replace(latest, version=version, status=PrescriptionStatus.ISSUED)
        for version in prescriptions.versions(session, caller.actor, prescription_id)
    ]
    if latest.status is PrescriptionStatus.WITHDRAWN:
        states.insert(0, latest)
    lines = chain.from_iterable(map(medication_resources, states))
    history = [line for line in lines if line["id"] == id_]
    if not history:
        raise NotFound("There is no such prescribed drug.")
    return history


_PARTS: Final = PartsOfRecords(
    noun="prescribed drug",
    of_record=_of_prescription,
    of_patient=_of_patient,
    permission=Permission.VIEW_PRESCRIPTIONS,
    holds={
        "status": is_code("status", systems.MEDICATION_REQUEST_STATUS),
        "intent": is_code("intent", systems.MEDICATION_REQUEST_INTENT),
    },
    dates={
        "authoredon": DateOf(
            ("authoredOn",), "When this version of the prescription was issued."
        )
    },
)
MEDICATION_REQUEST: Final = ResourceType(
    name=NAME,
    documentation="Lines of prescriptions, in the clinician's own words.",
    read=_PARTS.read,
    search=_PARTS.search,
    bulk=bulk_source(
        _stream,
        lambda _, issued: chain.from_iterable(map(medication_resources, issued)),
        prescriptions.permission_to_view,
    ),
    parameters=_PARTS.parameters(status="active or cancelled.", intent="Always order."),
    history=_history,
)
