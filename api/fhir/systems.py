"""The names of code systems and identifiers, the standard's and the clinic's own."""

from typing import Final

from services.patients.records import entries

RECORD_NUMBER: Final = "urn:chartroom:record-number"
# Identifiers of patients in an import's source, whose name is appended.
SOURCE: Final = "urn:chartroom:source:"
DOCUMENT_TYPE: Final = "urn:chartroom:document-type"
LICENSE_NUMBER: Final = "urn:chartroom:license-number"
SHA256: Final = "urn:chartroom:sha-256"
HOLD_ENDS: Final = "urn:chartroom:hold-ends"
UUID_URI: Final = "urn:ietf:rfc:3986"

GENDER: Final = "http://hl7.org/fhir/administrative-gender"
APPOINTMENT_STATUS: Final = "http://hl7.org/fhir/appointmentstatus"
ENCOUNTER_STATUS: Final = "http://hl7.org/fhir/encounter-status"
MEDICATION_REQUEST_STATUS: Final = (
    "http://hl7.org/fhir/CodeSystem/medicationrequest-status"
)
MEDICATION_REQUEST_INTENT: Final = (
    "http://hl7.org/fhir/CodeSystem/medicationrequest-intent"
)
SLOT_STATUS: Final = "http://hl7.org/fhir/slotstatus"
ALLERGY_CLINICAL: Final = (
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical"
)
ALLERGY_VERIFICATION: Final = (
    "http://terminology.hl7.org/CodeSystem/allergyintolerance-verification"
)
CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
CONTACT_ROLE: Final = "http://terminology.hl7.org/CodeSystem/v2-0131"
IDENTIFIER_TYPE: Final = "http://terminology.hl7.org/CodeSystem/v2-0203"
OBSERVATION_VALUE: Final = "http://terminology.hl7.org/CodeSystem/v3-ObservationValue"
RESTFUL_SECURITY: Final = (
    "http://terminology.hl7.org/CodeSystem/restful-security-service"
)
LOINC: Final = entries.LOINC
SNOMED: Final = entries.SNOMED
UCUM: Final = "http://unitsofmeasure.org"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONDITION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
CONDITION_CLINICAL: Final = "http://terminology.hl7.org/CodeSystem/condition-clinical"
EMPTY_REASON: Final = "http://terminology.hl7.org/CodeSystem/list-empty-reason"
OBSERVATION_CATEGORY: Final = (
    "http://terminology.hl7.org/CodeSystem/observation-category"
)

AUDIT_ACTION: Final = "urn:chartroom:audit-action"
USER: Final = "urn:chartroom:user"
ROLE: Final = "urn:chartroom:role"
# Ids of things that FHIR does not serve here; their kind is appended.
OF_KIND: Final = "urn:chartroom:"
DICOM: Final = "http://dicom.nema.org/resources/ontology/DCM"
AUDIT_EVENT_ACTION: Final = "http://hl7.org/fhir/audit-event-action"
AUDIT_EVENT_OUTCOME: Final = "http://hl7.org/fhir/audit-event-outcome"
AUDIT_ENTITY_TYPE: Final = "http://terminology.hl7.org/CodeSystem/audit-entity-type"
AUDIT_SOURCE_TYPE: Final = "http://terminology.hl7.org/CodeSystem/security-source-type"
BALP_ENTITY_TYPE: Final = (
    "https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType"
)
OBJECT_ROLE: Final = "http://terminology.hl7.org/CodeSystem/object-role"
DATA_OPERATION: Final = "http://terminology.hl7.org/CodeSystem/v3-DataOperation"
PARTICIPANT_TYPE: Final = (
    "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
)
