"""The one table of what is served: routes and CapabilityStatement are made of it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from api.fhir.booking import OPERATIONS
from api.fhir.bulk.operations import OF_GROUP, OF_PATIENTS, OPERATION_DEFINITION
from api.fhir.definitions import ResourceType
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

# Bookings are made by IHE's operations, documents are filed by a transaction. Who made
# a record goes with the record.
_REGISTERED: Final = replace(
    PATIENT,
    creation=sent_patients.CREATION,
    includes=BY_TARGET,
    bulk_operation=OF_PATIENTS,
    documents=(SUMMARY,),
)
_GROUPED: Final = replace(GROUP, bulk_operation=OF_GROUP)
_PRESCRIBED: Final = replace(MEDICATION_REQUEST, includes=BY_TARGET)
_FILED: Final = replace(DOCUMENT, includes=BY_TARGET)
_BOOKED: Final = replace(APPOINTMENT, operations=OPERATIONS)
SERVED: Final[tuple[ResourceType, ...]] = (
    _REGISTERED,
    ALLERGY,
    CONDITION,
    OBSERVATION,
    _PRESCRIBED,
    PRACTITIONER,
    PRACTITIONER_ROLE,
    _FILED,
    BINARY,
    SCHEDULE,
    SLOT,
    _BOOKED,
    ENCOUNTER,
    PROVENANCE,
    AUDIT_EVENT,
    _GROUPED,
    OPERATION_DEFINITION,
)
# How everything of a type is exported, of those of which that can be asked.
BULK_SOURCES: Final[Mapping[str, BulkSource]] = {
    kind.name: kind.bulk for kind in SERVED if kind.bulk is not None
}
