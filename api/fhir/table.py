"""The table of everything that is served, from which routes and statement are made."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from api.fhir.booking import OPERATIONS
from api.fhir.bulk.operations import OF_GROUP, OF_PATIENTS, OPERATION_DEFINITION
from api.fhir.definitions import ResourceType
from api.fhir.including import with_includes
from api.fhir.resources.allergies import ALLERGY
from api.fhir.resources.appointments import APPOINTMENT
from api.fhir.resources.audit_events import AUDIT_EVENT
from api.fhir.resources.conditions import CONDITION
from api.fhir.resources.documents import BINARY, DOCUMENT
from api.fhir.resources.encounters import ENCOUNTER
from api.fhir.resources.groups import GROUP
from api.fhir.resources.medication_requests import MEDICATION_REQUEST
from api.fhir.resources.observations import OBSERVATION
from api.fhir.resources.patients import PATIENT
from api.fhir.resources.practitioners import PRACTITIONER, PRACTITIONER_ROLE
from api.fhir.resources.provenances import BY_TARGET, PROVENANCE
from api.fhir.resources.schedules import SCHEDULE, SLOT
from api.fhir.summary.operation import SUMMARY
from api.fhir.writing import patients as sent_patients
from services.fhir.bulk_exports.model import BulkSource

# Bookings are made by IHE's operations, and documents are filed by a transaction.
# Provenances come with the record that they are about.
_REGISTERED: Final = replace(
    PATIENT,
    creation=sent_patients.CREATION,
    revincludes=BY_TARGET,
    bulk_operation=OF_PATIENTS,
    documents=(SUMMARY,),
)
_GROUPED: Final = replace(GROUP, bulk_operation=OF_GROUP)
_PRESCRIBED: Final = replace(MEDICATION_REQUEST, revincludes=BY_TARGET)
_FILED: Final = replace(DOCUMENT, revincludes=BY_TARGET)
_BOOKED: Final = replace(APPOINTMENT, operations=OPERATIONS)
# What searches include, by the names of FHIR's parameters.
_OF_SUBJECT: Final = (("subject",), PATIENT)
_AT_ENCOUNTER: Final = {"encounter": (("encounter",), ENCOUNTER)}
_PARTICIPANTS: Final = ("participant", "actor")
SERVED: Final[tuple[ResourceType, ...]] = (
    _REGISTERED,
    with_includes(ALLERGY, {"patient": (("patient",), PATIENT)}),
    with_includes(CONDITION, {"patient": _OF_SUBJECT, **_AT_ENCOUNTER}),
    with_includes(OBSERVATION, {"patient": _OF_SUBJECT, **_AT_ENCOUNTER}),
    with_includes(
        _PRESCRIBED,
        {
            "patient": _OF_SUBJECT,
            **_AT_ENCOUNTER,
            "requester": (("requester",), PRACTITIONER),
        },
    ),
    PRACTITIONER,
    with_includes(
        PRACTITIONER_ROLE, {"practitioner": (("practitioner",), PRACTITIONER)}
    ),
    with_includes(_FILED, {"patient": _OF_SUBJECT}),
    BINARY,
    with_includes(SCHEDULE, {"actor": (("actor",), PRACTITIONER)}),
    with_includes(SLOT, {"schedule": (("schedule",), SCHEDULE)}),
    with_includes(
        _BOOKED,
        {
            "patient": (_PARTICIPANTS, PATIENT),
            "practitioner": (_PARTICIPANTS, PRACTITIONER),
        },
    ),
    with_includes(
        ENCOUNTER,
        {
            "patient": _OF_SUBJECT,
            "practitioner": (("participant", "individual"), PRACTITIONER),
            "appointment": (("appointment",), APPOINTMENT),
        },
    ),
    PROVENANCE,
    AUDIT_EVENT,
    _GROUPED,
    OPERATION_DEFINITION,
)
# The exports of types, for those types that can be exported.
BULK_SOURCES: Final[Mapping[str, BulkSource]] = {
    kind.name: kind.bulk for kind in SERVED if kind.bulk is not None
}
