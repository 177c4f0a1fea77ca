"""The names of code systems and identifiers, the standard's and the clinic's own."""

from typing import Final

RECORD_NUMBER: Final = "urn:chartroom:record-number"
DOCUMENT_TYPE: Final = "urn:chartroom:document-type"
LICENSE_NUMBER: Final = "urn:chartroom:license-number"
SHA256: Final = "urn:chartroom:sha-256"
HOLD_ENDS: Final = "urn:chartroom:hold-ends"
UUID_URI: Final = "urn:ietf:rfc:3986"

GENDER: Final = "http://hl7.org/fhir/administrative-gender"
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
LOINC: Final = "http://loinc.org"
SNOMED: Final = "http://snomed.info/sct"
UCUM: Final = "http://unitsofmeasure.org"
ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
CONDITION_CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/condition-category"
OBSERVATION_CATEGORY: Final = (
    "http://terminology.hl7.org/CodeSystem/observation-category"
)
