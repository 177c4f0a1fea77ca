"""Who may call what: every route, without a token and with every role's."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from db.models.user import ApiToken, User
from db.postgres import SYSTEM
from services.core.actors import Role
from services.people import tokens
from tests.api.conftest import ADA, Client
from tests.kit import cast
from tests.kit.signing_in import cookie_of
from tests.kit.waiting import eventually

NOBODY = uuid4()
COHORT = {"entry": {"kind": "visit"}}
FIGURE = {"cohort": COHORT, "by": ["sex"]}
QUERY = {"sql": "SELECT count(*) FROM visits"}
COMPARED = {"cohorts": [COHORT, {"entry": {"kind": "document"}}]}
MERGE = {"merged": str(uuid4()), "merged_version": 1, "version": 1, "patient": ADA}
TAG = {"If-Match": '"1"'}

# The status that each role gets: staff, clinician, analyst, admin, patient. A 404 means
# permission: nobody has this id.
EXPORT = {"reason": "The health office asks", "list": "none"}
SHARE = {"minutes": 60}
# Without a name, so that no doctor is added.
DOCTOR = {"name": "", "specialization": "Nephrology"}
NAMED = {
    **dict.fromkeys(
        ("uuid", "share", "slot", "resource_id", "group_id", "export_id"), NOBODY
    ),
    **dict.fromkeys(("number", "page", "version_id"), 1),
    # A form that is for patients.
    "name": "health_statement",
    "key": "unknown",
}
EMPTY = {"form": {}}
RECORD = "/fhir/Patient/{resource_id}/_history"
MEDICATION = "/fhir/MedicationRequest/{resource_id}/_history"
REVISIONS = "/fhir/DocumentReference/{resource_id}/_history"
PARAMETERS = {"resourceType": "Parameters"}
TAGGED = {"name": ""}
FIELD = {"name": ""}
DOCUMENTS = {"documents": [str(NOBODY)], "action": "delete"}
PATIENTS = {"patients": [str(NOBODY)], "action": "restore"}
SLOT = {"starts_at": "2099-01-05T18:00:00Z", "reason": "A late visit"}
WISH = {"slot_id": str(NOBODY), "patient_id": str(NOBODY)}
BOOKING = "/api/bookings/{uuid}"
PAPER = "/api/documents/{uuid}"
INBOX = "/api/inbox/{uuid}"
VISIT = "/api/appointments/{uuid}"
WAITS = "/api/waiting-list/entries"
WAIT = {"patient_id": str(NOBODY), "until_at": "2099-01-05"}
# Without the version of tus, those who may are told to name it (412).
UPLOADS = "/api/v1/uploads"
PART = f"{UPLOADS}/{{uuid}}"
PAGE = "/files/documents/{uuid}/versions/{number}/pages/{page}.png"
WORDS = "/files/documents/{uuid}/versions/{number}/pages/{page}.json"
TEXT = "/files/documents/{uuid}/versions/{number}/text.json"
THUMBNAIL = "/files/documents/{uuid}/versions/{number}/thumbnail.png"
ROUTES = {
    ("GET", "/api/documents"): (None, 200, 200, 403, 403, 200),
    ("POST", "/api/documents/bulk"): (DOCUMENTS, 200, 200, 403, 403, 200),
    ("POST", "/api/v1/patients/bulk"): (PATIENTS, 200, 200, 403, 403, 403),
    ("POST", "/api/documents/upload"): (None, 400, 400, 403, 403, 400),
    ("GET", PAPER): (None, 404, 404, 403, 403, 404),
    ("HEAD", PAPER): (None, 404, 404, 403, 403, 404),
    ("DELETE", PAPER): (None, 404, 404, 403, 403, 404),
    ("GET", f"{PAPER}/original"): (None, 404, 404, 403, 403, 404),
    ("GET", f"{PAPER}/details"): (None, 404, 404, 403, 403, 404),
    ("PATCH", f"{PAPER}/details"): ({"title": "x"}, 404, 404, 403, 403, 404),
    ("POST", f"{PAPER}/restore"): (None, 404, 404, 403, 403, 404),
    ("POST", f"{PAPER}/versions"): (None, 400, 400, 403, 403, 400),
    ("POST", f"{PAPER}/versions/{{number}}/restore"): (None, 404, 404, 403, 403, 404),
    ("GET", f"{PAPER}/shares"): (None, 404, 404, 403, 403, 404),
    ("POST", f"{PAPER}/shares"): (SHARE, 404, 404, 403, 403, 404),
    ("POST", f"{PAPER}/shares/{{share}}/revoke"): (None, 404, 404, 403, 403, 404),
    ("GET", PAGE): (None, 404, 404, 403, 403, 404),
    ("GET", WORDS): (None, 404, 404, 403, 403, 404),
    ("GET", TEXT): (None, 404, 404, 403, 403, 404),
    ("GET", THUMBNAIL): (None, 404, 404, 403, 403, 404),
    ("GET", "/files/documents.zip"): (None, 404, 404, 403, 403, 404),
    ("GET", "/files/documents.pdf"): (None, 404, 404, 403, 403, 404),
    ("GET", "/api/document-forms"): (None, 200, 200, 403, 403, 200),
    ("POST", "/api/document-forms/{name}"): (EMPTY, 404, 404, 403, 403, 400),
    ("OPTIONS", UPLOADS): (None, 204, 204, 403, 403, 204),
    ("POST", UPLOADS): (None, 412, 412, 403, 403, 412),
    ("HEAD", PART): (None, 412, 412, 403, 403, 412),
    ("PATCH", PART): (None, 412, 412, 403, 403, 412),
    ("POST", PART): (None, 412, 412, 403, 403, 412),
    ("DELETE", PART): (None, 412, 412, 403, 403, 412),
    ("GET", "/api/inbox"): (None, 200, 200, 403, 403, 403),
    ("GET", "/api/inbox/counts"): (None, 200, 200, 403, 403, 403),
    ("GET", "/api/inbox/colleagues"): (None, 200, 200, 403, 403, 403),
    ("POST", f"{INBOX}/assign"): ({"assignee": None}, 404, 404, 403, 403, 403),
    ("POST", f"{INBOX}/done"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{INBOX}/reopen"): (None, 404, 404, 403, 403, 403),
    ("GET", "/api/document-tags"): (None, 200, 200, 403, 200, 200),
    ("POST", "/api/document-tags"): (TAGGED, 403, 403, 403, 400, 403),
    ("PUT", "/api/document-tags/{uuid}"): (TAGGED, 403, 403, 403, 404, 403),
    ("DELETE", "/api/document-tags/{uuid}"): (None, 403, 403, 403, 404, 403),
    ("GET", "/api/document-fields"): (None, 200, 200, 403, 200, 200),
    ("POST", "/api/document-fields"): (FIELD, 403, 403, 403, 400, 403),
    ("PUT", "/api/document-fields/{uuid}"): (FIELD, 403, 403, 403, 404, 403),
    ("POST", "/api/document-fields/{uuid}/archive"): (None, 403, 403, 403, 404, 403),
    ("POST", "/api/document-fields/{uuid}/restore"): (None, 403, 403, 403, 404, 403),
    ("GET", "/api/doctors"): (None, 200, 200, 200, 200, 200),
    ("GET", "/api/doctors/{uuid}"): (None, 404, 404, 404, 404, 404),
    ("GET", "/api/doctors/{uuid}/slots"): (None, 404, 404, 404, 404, 404),
    ("POST", "/api/doctors"): (DOCTOR, 400, 403, 403, 400, 403),
    ("GET", "/api/doctors/{uuid}/plan"): (None, 404, 404, 404, 404, 404),
    ("PUT", "/api/doctors/{uuid}/plan"): ({"hours": []}, 404, 403, 403, 404, 403),
    ("POST", "/api/doctors/{uuid}/slots"): (SLOT, 404, 403, 403, 404, 403),
    ("DELETE", "/api/doctors/{uuid}/slots/{slot}"): (None, 404, 403, 403, 404, 403),
    ("POST", "/api/bookings"): (WISH, 404, 404, 403, 403, 404),
    ("GET", BOOKING): (None, 404, 404, 403, 403, 404),
    ("POST", f"{BOOKING}/confirm"): ({}, 404, 404, 403, 403, 404),
    ("POST", f"{BOOKING}/cancel"): ({}, 404, 404, 403, 403, 404),
    ("POST", f"{BOOKING}/renew"): (None, 404, 404, 403, 403, 404),
    ("POST", f"{BOOKING}/release"): (None, 404, 404, 403, 403, 404),
    ("GET", "/api/waiting-list"): (None, 200, 200, 403, 403, 403),
    ("GET", WAITS): (None, 400, 400, 403, 403, 200),
    ("POST", WAITS): (WAIT, 404, 404, 403, 403, 404),
    ("GET", f"{WAITS}/{{uuid}}"): (None, 404, 404, 403, 403, 404),
    ("POST", f"{WAITS}/{{uuid}}/leave"): (None, 404, 404, 403, 403, 404),
    ("GET", "/api/appointments"): (None, 200, 200, 403, 403, 200),
    ("GET", VISIT): (None, 404, 404, 403, 403, 404),
    ("POST", f"{VISIT}/check-in"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{VISIT}/call-in"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{VISIT}/undo-call-in"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{VISIT}/complete"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{VISIT}/no-show"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{VISIT}/undo-check-in"): (None, 404, 404, 403, 403, 403),
    ("POST", f"{VISIT}/reopen"): (None, 404, 404, 403, 403, 403),
    ("GET", "/files/day-list.pdf"): (None, 200, 200, 403, 403, 403),
    ("GET", f"{VISIT}/ticket"): (None, 404, 404, 403, 403, 404),
    ("GET", f"{VISIT}/calendar"): (None, 404, 404, 403, 403, 404),
    ("GET", "/api/prescriptions/{uuid}/scans"): (None, 404, 404, 403, 403, 404),
    ("GET", "/api/prescriptions/{uuid}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/api/admin/stats"): (None, 403, 403, 403, 200, 403),
    ("POST", "/patient-register"): (ADA, 200, 200, 403, 403, 403),
    ("GET", "/patient-register"): (None, 200, 200, 200, 403, 403),
    ("POST", "/api/v1/patients"): (ADA, 201, 201, 403, 403, 403),
    ("GET", "/api/v1/patients"): (None, 200, 200, 200, 403, 403),
    ("POST", "/api/v1/patients/duplicates"): (ADA, 200, 200, 403, 403, 403),
    ("GET", "/api/v1/patients/{uuid}"): (None, 404, 404, 403, 403, 404),
    ("PUT", "/api/v1/patients/{uuid}"): (ADA, 404, 404, 403, 403, 403),
    ("PUT", "/api/v1/patients/{uuid}/contact"): ({}, 403, 403, 403, 403, 404),
    ("DELETE", "/api/v1/patients/{uuid}"): (None, 404, 404, 403, 403, 403),
    ("POST", "/api/v1/patients/{uuid}/restore"): (None, 404, 404, 403, 403, 403),
    ("GET", "/api/v1/patients/{uuid}/duplicates"): (None, 404, 404, 403, 403, 404),
    ("POST", "/api/v1/patients/{uuid}/merge"): (MERGE, 404, 404, 403, 403, 403),
    ("POST", "/api/v1/search"): ({"search": "ada"}, 200, 200, 200, 200, 200),
    ("POST", "/api/v1/cohorts"): (COHORT, 403, 403, 200, 403, 403),
    ("GET", "/api/v1/cohorts"): (None, 403, 403, 200, 403, 403),
    ("GET", "/api/v1/cohorts/{key}"): (None, 403, 403, 404, 403, 403),
    ("POST", "/api/v1/cohorts/compare"): (COMPARED, 403, 403, 200, 403, 403),
    ("POST", "/api/v1/cohorts/facets"): ({"kind": "visit"}, 403, 403, 200, 403, 403),
    ("POST", "/api/v1/figures"): (FIGURE, 403, 403, 200, 403, 403),
    ("GET", "/api/v1/figures/{key}"): (None, 403, 403, 404, 403, 403),
    ("POST", "/api/v1/queries"): (QUERY, 403, 403, 200, 403, 403),
    ("GET", "/api/v1/queries"): (None, 403, 403, 200, 403, 403),
    ("GET", "/api/v1/queries/{key}"): (None, 403, 403, 404, 403, 403),
    ("GET", "/api/v1/dashboards"): (None, 403, 403, 200, 403, 403),
    ("GET", "/api/v1/dashboards/{key}"): (None, 403, 403, 404, 403, 403),
    ("POST", "/api/v1/exports"): (EXPORT, 403, 403, 404, 403, 403),
    ("GET", "/api/v1/notifications"): (None, 200, 200, 200, 200, 200),
    ("POST", "/api/v1/notifications/read"): (None, 200, 200, 200, 200, 200),
    ("GET", "/api/v1/people"): (None, 403, 403, 403, 200, 403),
    ("GET", "/api/v1/people/{uuid}"): (None, 403, 403, 403, 404, 403),
    ("POST", "/api/v1/people/{uuid}/deactivate"): (None, 403, 403, 403, 404, 403),
    ("GET", "/api/v1/replication/preview"): (None, 403, 403, 403, 200, 403),
    ("GET", "/api/v1/replication/settings"): (None, 403, 403, 403, 200, 403),
    ("POST", "/api/v1/replication/acts"): ({}, 403, 403, 403, 400, 403),
    ("GET", "/api/v1/replication/acts/{uuid}"): (None, 403, 403, 403, 404, 403),
    ("DELETE", "/api/v1/replication/acts/{uuid}"): (None, 403, 403, 403, 404, 403),
    ("GET", "/api/v1/tokens"): (None, 403, 403, 403, 200, 403),
    ("DELETE", "/api/v1/tokens/{uuid}"): (None, 404, 404, 404, 404, 403),
    ("GET", "/api/v1/replication/alerts"): (None, 403, 403, 403, 200, 403),
    ("GET", "/api/v1/replication/history"): (None, 403, 403, 403, 200, 403),
    ("GET", "/api/v1/replication/samples"): (None, 403, 403, 403, 200, 403),
    ("GET", "/api/v1/replication/status"): (None, 403, 403, 403, 200, 403),
    ("GET", "/files/patients/{uuid}/photo"): (None, 404, 404, 403, 403, 404),
    ("GET", "/files/patients/{uuid}/summary.pdf"): (None, 404, 404, 403, 403, 403),
    ("GET", "/files/patients/{uuid}/patient-summary.pdf"): (
        None,
        404,
        404,
        403,
        403,
        404,
    ),
    ("GET", "/files/patients/{uuid}/labels.pdf"): (None, 404, 404, 403, 403, 403),
    ("GET", "/api/v1/patients/{uuid}/diagnoses"): (None, 403, 404, 403, 403, 403),
    ("PUT", "/files/patients/{uuid}/photo"): (None, 415, 415, 403, 403, 403),
    ("GET", "/files/doctors/{uuid}/photo"): (None, 404, 404, 404, 404, 404),
    ("GET", "/files/patients.csv"): (None, 404, 404, 404, 403, 403),
    ("GET", "/files/patients.xlsx"): (None, 404, 404, 404, 403, 403),
    ("GET", "/files/audit.csv"): (None, 403, 403, 403, 200, 403),
    ("GET", "/files/visit-statistics.csv"): (None, 403, 403, 403, 200, 403),
    ("GET", "/fhir/Patient"): (None, 200, 200, 200, 403, 403),
    ("POST", "/fhir/Patient/_search"): (None, 200, 200, 200, 403, 403),
    ("GET", RECORD): (None, 404, 404, 403, 403, 404),
    ("GET", f"{RECORD}/{{version_id}}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Patient/{resource_id}"): (None, 404, 404, 403, 403, 404),
    # A caller without a record of their own has to say whose.
    ("GET", "/fhir/Patient/{resource_id}/$summary"): (None, 404, 404, 403, 403, 404),
    ("POST", "/fhir/Patient/{resource_id}/$summary"): (
        PARAMETERS,
        404,
        404,
        403,
        403,
        404,
    ),
    ("POST", "/fhir/Patient"): (PARAMETERS, 400, 400, 403, 403, 403),
    ("POST", "/fhir"): (PARAMETERS, 400, 400, 403, 403, 400),
    ("GET", "/fhir/AllergyIntolerance"): (None, 400, 400, 403, 403, 200),
    ("POST", "/fhir/AllergyIntolerance/_search"): (None, 400, 400, 403, 403, 200),
    ("GET", "/fhir/AllergyIntolerance/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Practitioner"): (None, 200, 200, 200, 200, 200),
    ("POST", "/fhir/Practitioner/_search"): (None, 200, 200, 200, 200, 200),
    ("GET", "/fhir/Practitioner/{resource_id}"): (None, 404, 404, 404, 404, 404),
    ("GET", "/fhir/PractitionerRole"): (None, 200, 200, 200, 200, 200),
    ("POST", "/fhir/PractitionerRole/_search"): (None, 200, 200, 200, 200, 200),
    ("GET", "/fhir/PractitionerRole/{resource_id}"): (None, 404, 404, 404, 404, 404),
    ("GET", "/fhir/DocumentReference"): (None, 200, 200, 403, 403, 200),
    ("POST", "/fhir/DocumentReference/_search"): (None, 200, 200, 403, 403, 200),
    ("GET", "/fhir/DocumentReference/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", REVISIONS): (None, 404, 404, 403, 403, 404),
    ("GET", f"{REVISIONS}/{{version_id}}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Provenance"): (None, 400, 400, 403, 403, 400),
    ("POST", "/fhir/Provenance/_search"): (None, 400, 400, 403, 403, 400),
    ("GET", "/fhir/Provenance/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/AuditEvent"): (None, 403, 403, 403, 200, 403),
    ("POST", "/fhir/AuditEvent/_search"): (None, 403, 403, 403, 200, 403),
    ("GET", "/fhir/AuditEvent/{resource_id}"): (None, 403, 403, 403, 404, 403),
    ("GET", "/fhir/Binary/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Appointment"): (None, 400, 400, 403, 403, 200),
    ("POST", "/fhir/Appointment/_search"): (None, 400, 400, 403, 403, 200),
    ("GET", "/fhir/Appointment/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Condition"): (None, 403, 400, 403, 403, 403),
    ("POST", "/fhir/Condition/_search"): (None, 403, 400, 403, 403, 403),
    ("GET", "/fhir/Condition/{resource_id}"): (None, 403, 404, 403, 403, 403),
    ("GET", "/fhir/Observation"): (None, 403, 400, 403, 403, 403),
    ("POST", "/fhir/Observation/_search"): (None, 403, 400, 403, 403, 403),
    ("GET", "/fhir/Observation/{resource_id}"): (None, 403, 404, 403, 403, 403),
    ("GET", "/fhir/MedicationRequest"): (None, 400, 400, 403, 403, 200),
    ("POST", "/fhir/MedicationRequest/_search"): (None, 400, 400, 403, 403, 200),
    ("GET", MEDICATION): (None, 404, 404, 403, 403, 404),
    ("GET", f"{MEDICATION}/{{version_id}}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/MedicationRequest/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Schedule"): (None, 200, 200, 200, 200, 200),
    ("POST", "/fhir/Schedule/_search"): (None, 200, 200, 200, 200, 200),
    ("GET", "/fhir/Schedule/{resource_id}"): (None, 404, 404, 404, 404, 404),
    ("GET", "/fhir/Slot"): (None, 400, 400, 400, 400, 400),
    ("POST", "/fhir/Slot/_search"): (None, 400, 400, 400, 400, 400),
    ("GET", "/fhir/Slot/{resource_id}"): (None, 404, 404, 404, 404, 404),
    ("GET", "/fhir/Encounter"): (None, 400, 400, 403, 403, 200),
    ("POST", "/fhir/Encounter/_search"): (None, 400, 400, 403, 403, 200),
    ("GET", "/fhir/Encounter/{resource_id}"): (None, 404, 404, 403, 403, 404),
    ("GET", "/fhir/Appointment/$find"): (None, 400, 400, 400, 400, 400),
    ("POST", "/fhir/Appointment/$find"): (PARAMETERS, 400, 400, 400, 400, 400),
    ("POST", "/fhir/Appointment/$hold"): (PARAMETERS, 400, 400, 403, 403, 400),
    ("POST", "/fhir/Appointment/$book"): (PARAMETERS, 400, 400, 403, 403, 400),
    ("GET", "/fhir/$export"): (None, 400, 400, 400, 403, 403),
    ("POST", "/fhir/$export"): (PARAMETERS, 400, 400, 400, 403, 403),
    ("GET", "/fhir/Patient/$export"): (None, 400, 400, 400, 403, 403),
    ("POST", "/fhir/Patient/$export"): (PARAMETERS, 400, 400, 400, 403, 403),
    ("GET", "/fhir/Group/{group_id}/$export"): (None, 400, 400, 400, 403, 403),
    ("POST", "/fhir/Group/{group_id}/$export"): (PARAMETERS, 400, 400, 400, 403, 403),
    ("GET", "/fhir/$export/{export_id}"): (None, 404, 404, 404, 403, 403),
    ("DELETE", "/fhir/$export/{export_id}"): (None, 404, 404, 404, 403, 403),
    ("GET", "/fhir/$export/{export_id}/{number}"): (None, 404, 404, 404, 403, 403),
    ("GET", "/fhir/Group"): (None, 200, 200, 200, 403, 403),
    ("POST", "/fhir/Group/_search"): (None, 200, 200, 200, 403, 403),
    ("GET", "/fhir/Group/{resource_id}"): (None, 404, 404, 404, 403, 403),
    ("GET", "/fhir/OperationDefinition/{resource_id}"): (
        *(None, 404, 404, 404, 404, 404),
    ),
    ("GET", "/files/restore-previews/{uuid}/{name}.csv"): (
        *(None, 403, 403, 403, 404, 403),
    ),
}
ROLES = (Role.STAFF, Role.CLINICIAN, Role.ANALYST, Role.ADMIN, Role.PATIENT)
OPEN = {
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("GET", "/api/v1/health"),
    ("GET", "/metrics"),
    ("GET", "/fhir/metadata"),
    ("GET", "/fhir/.well-known/smart-configuration"),
    # With a signature: see tests/api/fhir/test_backend_services.py.
    ("POST", "/fhir/auth/token"),
}
# For anybody where the clinic has switched it on, and nowhere else: see
# tests/api/visits/test_public_booking.py.
SWITCHED = {
    ("GET", "/api/public/doctors"),
    ("GET", "/api/public/doctors/{uuid}/slots"),
    ("POST", "/api/public/bookings"),
    ("GET", "/api/public/bookings/{uuid}"),
    ("POST", "/api/public/bookings/{uuid}/confirm"),
}


def _call(client, method, path):
    is_list = path in {"/files/patients.csv", "/files/patients.xlsx"}
    query = "?list=none" if is_list else ""
    return client.ask(
        method,
        path.format(**NAMED) + query,
        json=ROUTES[method, path][0],
        headers=TAG,
    )


def _described(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    return {(method.upper(), path) for path, entry in paths.items() for method in entry}


def test_every_route_is_described_and_tested_here(stranger):
    assert _described(stranger) == set(ROUTES) | OPEN | SWITCHED


def test_nothing_is_told_without_a_token(stranger):
    refusals = {}
    for route in ROUTES:
        response = _call(stranger, *route)
        headers = response.headers
        kind = headers["content-type"] if "register" not in route[1] else "a page"
        refusals[route] = response.status_code, headers.get("WWW-Authenticate"), kind

    realm = 'Bearer realm="Chartroom"'
    assert refusals == {route: (401, realm, _kind(route[1])) for route in ROUTES}


def _kind(path):
    if "register" in path:
        return "a page"
    is_fhir = path.startswith("/fhir")
    return f"application/{'fhir+json' if is_fhir else 'problem+json'}"


# One test a role, not one a call: a failure still shows which calls are wrong.
@pytest.mark.parametrize("role", ROLES)
def test_every_role_gets_what_it_may(as_role, role):
    client = as_role(role)
    allowed = {route: row[1 + ROLES.index(role)] for route, row in ROUTES.items()}

    statuses = {route: _call(client, *route).status_code for route in ROUTES}

    assert statuses == allowed


def test_a_body_is_not_even_looked_at_without_a_token(stranger):
    response = stranger.ask("POST", "/api/v1/patients", content=b"{" * 2_000_000)

    assert response.status_code == 401


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Basic chartroom_x",
        "bearer chartroom_" + "A" * 43,
        "Bearer chartroom_" + "é" * 43,
        "Bearer chartroom_" + "A" * 43 + "\x00",
    ],
)
def test_a_token_that_is_none_is_refused(stranger, authorization):
    headers = {"Authorization": authorization.encode()}

    assert stranger.get("/api/v1/health", headers=headers).status_code == 401


def _issue(application, **options):
    return application.database.write(
        lambda session: tokens.issue(session, Role.STAFF, **options), identity=SYSTEM
    ).value


def _answer(application, token):
    client = Client(application.app, token)
    status = client.get("/api/v1/health").status_code
    client.close()
    return status


def test_a_fresh_token_works_at_once_on_every_node(application):
    for _ in range(10):
        assert _answer(application, _issue(application)) == 200


def test_who_was_invited_a_moment_ago_is_known_on_every_node(application):
    browser = Client(application.app)
    for _ in range(10):
        somebody = application.database.write(
            lambda session: cast.add_actor(session, Role.STAFF), identity=SYSTEM
        ).value
        cookie = cookie_of(application.database, somebody.id)

        answer = browser.get("/api/documents", headers={"Cookie": cookie})

        assert answer.status_code == 200
    browser.close()


def test_an_expired_token_is_refused(application):
    token = _issue(application, lifetime=timedelta(milliseconds=1))

    assert _answer(application, token) == 401


def _revoke(program):
    return (
        update(ApiToken)
        .where(ApiToken.user_id == program.id)
        .values(revoked_at=ApiToken.created_at)
    )


def _deactivate(program):
    return (
        update(User).where(User.id == program.id).values(deactivated_at=User.created_at)
    )


@pytest.mark.parametrize("take_back", [_revoke, _deactivate])
def test_a_token_that_was_taken_back_is_refused(application, take_back):
    token = _issue(application)
    with application.database.writing(identity=SYSTEM) as session:
        session.execute(take_back(tokens.find(session, token).actor))

    # A replica sees it once it has replayed the change.
    eventually(lambda: _answer(application, token) == 401)
