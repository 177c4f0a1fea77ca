"""The one table of what is served: routes and CapabilityStatement are made of it."""

from dataclasses import replace
from typing import Final

from api.fhir.booking import OPERATIONS
from api.fhir.definitions import ResourceType
from api.fhir.resources.allergies import ALLERGY
from api.fhir.resources.appointments import APPOINTMENT
from api.fhir.resources.conditions import CONDITION
from api.fhir.resources.documents import BINARY, DOCUMENT
from api.fhir.resources.encounters import ENCOUNTER
from api.fhir.resources.medication_requests import MEDICATION_REQUEST
from api.fhir.resources.observations import OBSERVATION
from api.fhir.resources.patients import PATIENT
from api.fhir.resources.practitioners import PRACTITIONER, PRACTITIONER_ROLE
from api.fhir.resources.schedules import SCHEDULE, SLOT
from api.fhir.writing import patients as sent_patients

# Bookings are made by IHE's operations, documents are filed by a transaction.
_REGISTERED: Final = replace(PATIENT, creation=sent_patients.CREATION)
_BOOKED: Final = replace(APPOINTMENT, operations=OPERATIONS)
SERVED: Final[tuple[ResourceType, ...]] = (
    _REGISTERED,
    ALLERGY,
    CONDITION,
    OBSERVATION,
    MEDICATION_REQUEST,
    PRACTITIONER,
    PRACTITIONER_ROLE,
    DOCUMENT,
    BINARY,
    SCHEDULE,
    SLOT,
    _BOOKED,
    ENCOUNTER,
)
