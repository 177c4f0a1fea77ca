"""Every route of the API, as every role, and as a stranger."""

import re
from pathlib import Path
from uuid import uuid4

import pytest

from api.core.bearers import require_in_scope
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.people.patient_apps import APP_TYPES
from services.people.tokens import RESOURCE_RIGHTS, ResourceScopes
from tests.api.conftest import ADA

DOCS = Path(__file__).resolve().parents[3] / "docs"
EVERYBODY = frozenset(Role)
DESK = frozenset({Role.STAFF, Role.CLINICIAN})
CLINICIANS = frozenset({Role.CLINICIAN})
LISTS = DESK | {Role.ANALYST}
ADMIN = frozenset({Role.ADMIN})
PLANNERS = frozenset({Role.STAFF, Role.ADMIN})
PAPERS = DESK | {Role.PATIENT}
PAPER = "/api/documents/{uuid}"
UPLOADS = "/api/v1/uploads"
BOOKING = "/api/bookings/{uuid}"
VISIT = "/api/appointments/{uuid}"
WAITS = "/api/waiting-list/entries"
PAGE = "/files/documents/{uuid}/versions/{number}/pages/{page}.png"
WORDS = "/files/documents/{uuid}/versions/{number}/pages/{page}.json"
TEXT = "/files/documents/{uuid}/versions/{number}/text.json"
THUMBNAIL = "/files/documents/{uuid}/versions/{number}/thumbnail.png"

ALLOWED = {
    ("GET", "/api/documents"): PAPERS,
    ("POST", "/api/documents/bulk"): PAPERS,
    ("POST", "/api/v1/patients/bulk"): DESK,
    ("POST", "/api/documents/upload"): PAPERS,
    ("GET", PAPER): PAPERS,
    ("HEAD", PAPER): PAPERS,
    ("DELETE", PAPER): PAPERS,
    ("GET", f"{PAPER}/original"): PAPERS,
    ("GET", f"{PAPER}/details"): PAPERS,
    ("PATCH", f"{PAPER}/details"): PAPERS,
    ("POST", f"{PAPER}/restore"): PAPERS,
    ("POST", f"{PAPER}/versions"): PAPERS,
    ("POST", f"{PAPER}/versions/{{number}}/restore"): PAPERS,
    ("GET", f"{PAPER}/shares"): PAPERS,
    ("POST", f"{PAPER}/shares"): PAPERS,
    ("POST", f"{PAPER}/shares/{{share}}/revoke"): PAPERS,
    ("GET", PAGE): PAPERS,
    ("GET", WORDS): PAPERS,
    ("GET", TEXT): PAPERS,
    ("GET", THUMBNAIL): PAPERS,
    ("GET", "/files/documents.zip"): PAPERS,
    ("GET", "/files/documents.pdf"): PAPERS,
    ("GET", "/api/document-forms"): PAPERS,
    ("POST", "/api/document-forms/{name}"): PAPERS,
    ("GET", "/api/document-tags"): PAPERS | ADMIN,
    ("POST", "/api/document-tags"): ADMIN,
    ("PUT", "/api/document-tags/{uuid}"): ADMIN,
    ("DELETE", "/api/document-tags/{uuid}"): ADMIN,
    ("GET", "/api/document-fields"): PAPERS | ADMIN,
    ("POST", "/api/document-fields"): ADMIN,
    ("PUT", "/api/document-fields/{uuid}"): ADMIN,
    ("POST", "/api/document-fields/{uuid}/archive"): ADMIN,
    ("POST", "/api/document-fields/{uuid}/restore"): ADMIN,
    ("GET", "/api/inbox"): DESK,
    ("GET", "/api/inbox/counts"): DESK,
    ("GET", "/api/inbox/colleagues"): DESK,
    ("POST", "/api/inbox/{uuid}/assign"): DESK,
    ("POST", "/api/inbox/{uuid}/done"): DESK,
    ("POST", "/api/inbox/{uuid}/reopen"): DESK,
    ("OPTIONS", UPLOADS): PAPERS,
    ("POST", UPLOADS): PAPERS,
    ("HEAD", f"{UPLOADS}/{{uuid}}"): PAPERS,
    ("PATCH", f"{UPLOADS}/{{uuid}}"): PAPERS,
    ("POST", f"{UPLOADS}/{{uuid}}"): PAPERS,
    ("DELETE", f"{UPLOADS}/{{uuid}}"): PAPERS,
    ("GET", f"{VISIT}/ticket"): PAPERS,
    ("GET", f"{VISIT}/calendar"): PAPERS,
    ("GET", "/api/doctors"): EVERYBODY,
    ("GET", "/api/doctors/{uuid}"): EVERYBODY,
    ("GET", "/api/doctors/{uuid}/slots"): EVERYBODY,
    ("POST", "/api/bookings"): PAPERS,
    ("GET", BOOKING): PAPERS,
    ("POST", f"{BOOKING}/confirm"): PAPERS,
    ("POST", f"{BOOKING}/cancel"): PAPERS,
    ("POST", f"{BOOKING}/renew"): PAPERS,
    ("POST", f"{BOOKING}/release"): PAPERS,
    ("GET", "/api/waiting-list"): DESK,
    ("GET", WAITS): PAPERS,
    ("POST", WAITS): PAPERS,
    ("GET", f"{WAITS}/{{uuid}}"): PAPERS,
    ("POST", f"{WAITS}/{{uuid}}/leave"): PAPERS,
    ("GET", "/api/appointments"): PAPERS,
    ("GET", VISIT): PAPERS,
    ("POST", f"{VISIT}/check-in"): DESK,
    ("POST", f"{VISIT}/call-in"): DESK,
    ("POST", f"{VISIT}/undo-call-in"): DESK,
    ("GET", "/files/day-list.pdf"): DESK,
    ("POST", f"{VISIT}/complete"): DESK,
    ("POST", f"{VISIT}/no-show"): DESK,
    ("POST", f"{VISIT}/undo-check-in"): DESK,
    ("POST", f"{VISIT}/reopen"): DESK,
    ("GET", "/api/admin/stats"): ADMIN,
    ("POST", "/api/v1/search"): EVERYBODY,
    ("POST", "/api/v1/cohorts"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/cohorts"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/cohorts/{key}"): frozenset({Role.ANALYST}),
    ("POST", "/api/v1/cohorts/compare"): frozenset({Role.ANALYST}),
    ("POST", "/api/v1/cohorts/facets"): frozenset({Role.ANALYST}),
    ("POST", "/api/v1/figures"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/figures/{key}"): frozenset({Role.ANALYST}),
    ("POST", "/api/v1/queries"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/queries"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/queries/{key}"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/dashboards"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/dashboards/{key}"): frozenset({Role.ANALYST}),
    ("POST", "/api/v1/exports"): frozenset({Role.ANALYST}),
    ("GET", "/api/v1/patients"): LISTS,
    ("POST", "/api/v1/patients"): DESK,
    ("POST", "/api/v1/patients/duplicates"): DESK,
    ("GET", "/api/v1/patients/{uuid}"): DESK,
    ("PUT", "/api/v1/patients/{uuid}"): DESK,
    ("PUT", "/api/v1/patients/{uuid}/contact"): frozenset({Role.PATIENT}),
    ("DELETE", "/api/v1/patients/{uuid}"): DESK,
    ("POST", "/api/doctors"): PLANNERS,
    ("GET", "/api/doctors/{uuid}/plan"): EVERYBODY,
    ("PUT", "/api/doctors/{uuid}/plan"): PLANNERS,
    ("POST", "/api/doctors/{uuid}/slots"): PLANNERS,
    ("DELETE", "/api/doctors/{uuid}/slots/{slot}"): PLANNERS,
    ("POST", "/api/v1/patients/{uuid}/restore"): DESK,
    ("GET", "/api/v1/patients/{uuid}/duplicates"): DESK,
    ("POST", "/api/v1/patients/{uuid}/merge"): DESK,
    ("GET", "/api/v1/people"): ADMIN,
    ("GET", "/api/v1/people/{uuid}"): ADMIN,
    ("POST", "/api/v1/people/{uuid}/deactivate"): ADMIN,
    ("GET", "/api/v1/notifications"): EVERYBODY,
    ("POST", "/api/v1/notifications/read"): EVERYBODY,
    ("GET", "/api/v1/replication/alerts"): ADMIN,
    ("GET", "/api/v1/replication/history"): ADMIN,
    ("GET", "/api/v1/replication/samples"): ADMIN,
    ("GET", "/api/v1/replication/status"): ADMIN,
    ("GET", "/api/v1/replication/preview"): ADMIN,
    ("GET", "/api/v1/replication/settings"): ADMIN,
    ("POST", "/api/v1/replication/acts"): ADMIN,
    ("GET", "/api/v1/replication/acts/{uuid}"): ADMIN,
    ("DELETE", "/api/v1/replication/acts/{uuid}"): ADMIN,
    ("GET", "/api/v1/tokens"): ADMIN,
    ("DELETE", "/api/v1/tokens/{uuid}"): LISTS | ADMIN,
    ("GET", "/api/prescriptions/{uuid}/scans"): PAPERS,
    ("GET", "/api/prescriptions/{uuid}"): PAPERS,
    ("GET", "/files/audit.csv"): ADMIN,
    ("GET", "/files/patients/{uuid}/summary.pdf"): DESK,
    ("GET", "/files/patients/{uuid}/patient-summary.pdf"): PAPERS,
    ("GET", "/files/patients/{uuid}/labels.pdf"): DESK,
    ("GET", "/api/v1/patients/{uuid}/diagnoses"): frozenset({Role.CLINICIAN}),
    ("GET", "/files/doctors/{uuid}/photo"): EVERYBODY,
    ("PUT", "/files/patients/{uuid}/photo"): DESK,
    ("GET", "/files/patients.csv"): LISTS,
    ("GET", "/files/patients.xlsx"): LISTS,
    ("GET", "/files/visit-statistics.csv"): ADMIN,
    ("GET", "/files/restore-previews/{uuid}/{name}.csv"): ADMIN,
    ("GET", "/files/patients/{uuid}/photo"): DESK,
    ("GET", "/patient-register"): LISTS,
    ("POST", "/patient-register"): DESK,
    ("GET", "/fhir/Patient"): LISTS,
    ("POST", "/fhir/Patient/_search"): LISTS,
    ("GET", "/fhir/Patient/{resource_id}"): PAPERS,
    ("GET", "/fhir/Patient/{resource_id}/_history"): PAPERS,
    ("GET", "/fhir/Patient/{resource_id}/_history/{version_id}"): PAPERS,
    ("GET", "/fhir/Patient/{resource_id}/$summary"): PAPERS,
    ("POST", "/fhir/Patient/{resource_id}/$summary"): PAPERS,
    ("POST", "/fhir/Patient"): DESK,
    ("POST", "/fhir"): PAPERS,
    ("GET", "/fhir/AllergyIntolerance"): PAPERS,
    ("POST", "/fhir/AllergyIntolerance/_search"): PAPERS,
    ("GET", "/fhir/AllergyIntolerance/{resource_id}"): PAPERS,
    ("GET", "/fhir/Practitioner"): EVERYBODY,
    ("POST", "/fhir/Practitioner/_search"): EVERYBODY,
    ("GET", "/fhir/Practitioner/{resource_id}"): EVERYBODY,
    ("GET", "/fhir/PractitionerRole"): EVERYBODY,
    ("POST", "/fhir/PractitionerRole/_search"): EVERYBODY,
    ("GET", "/fhir/PractitionerRole/{resource_id}"): EVERYBODY,
    ("GET", "/fhir/DocumentReference"): PAPERS,
    ("POST", "/fhir/DocumentReference/_search"): PAPERS,
    ("GET", "/fhir/DocumentReference/{resource_id}"): PAPERS,
    ("GET", "/fhir/DocumentReference/{resource_id}/_history"): PAPERS,
    ("GET", "/fhir/DocumentReference/{resource_id}/_history/{version_id}"): PAPERS,
    ("GET", "/fhir/Provenance"): PAPERS,
    ("POST", "/fhir/Provenance/_search"): PAPERS,
    ("GET", "/fhir/Provenance/{resource_id}"): PAPERS,
    ("GET", "/fhir/AuditEvent"): ADMIN,
    ("POST", "/fhir/AuditEvent/_search"): ADMIN,
    ("GET", "/fhir/AuditEvent/{resource_id}"): ADMIN,
    ("GET", "/fhir/Binary/{resource_id}"): PAPERS,
    ("GET", "/fhir/Appointment"): PAPERS,
    ("POST", "/fhir/Appointment/_search"): PAPERS,
    ("GET", "/fhir/Appointment/{resource_id}"): PAPERS,
    ("GET", "/fhir/Condition"): CLINICIANS,
    ("POST", "/fhir/Condition/_search"): CLINICIANS,
    ("GET", "/fhir/Condition/{resource_id}"): CLINICIANS,
    ("GET", "/fhir/Observation"): CLINICIANS,
    ("POST", "/fhir/Observation/_search"): CLINICIANS,
    ("GET", "/fhir/Observation/{resource_id}"): CLINICIANS,
    ("GET", "/fhir/MedicationRequest"): PAPERS,
    ("POST", "/fhir/MedicationRequest/_search"): PAPERS,
    ("GET", "/fhir/MedicationRequest/{resource_id}"): PAPERS,
    ("GET", "/fhir/MedicationRequest/{resource_id}/_history"): PAPERS,
    ("GET", "/fhir/MedicationRequest/{resource_id}/_history/{version_id}"): PAPERS,
    ("GET", "/fhir/Schedule"): EVERYBODY,
    ("POST", "/fhir/Schedule/_search"): EVERYBODY,
    ("GET", "/fhir/Schedule/{resource_id}"): EVERYBODY,
    ("GET", "/fhir/Slot"): EVERYBODY,
    ("POST", "/fhir/Slot/_search"): EVERYBODY,
    ("GET", "/fhir/Slot/{resource_id}"): EVERYBODY,
    ("GET", "/fhir/Encounter"): PAPERS,
    ("POST", "/fhir/Encounter/_search"): PAPERS,
    ("GET", "/fhir/Encounter/{resource_id}"): PAPERS,
    ("GET", "/fhir/Appointment/$find"): EVERYBODY,
    ("POST", "/fhir/Appointment/$find"): EVERYBODY,
    ("POST", "/fhir/Appointment/$hold"): PAPERS,
    ("POST", "/fhir/Appointment/$book"): PAPERS,
    ("GET", "/fhir/$export"): LISTS,
    ("POST", "/fhir/$export"): LISTS,
    ("GET", "/fhir/Patient/$export"): LISTS,
    ("POST", "/fhir/Patient/$export"): LISTS,
    ("GET", "/fhir/Group"): LISTS,
    ("POST", "/fhir/Group/_search"): LISTS,
    ("GET", "/fhir/Group/{resource_id}"): LISTS,
    ("GET", "/fhir/Group/{group_id}/$export"): LISTS,
    ("POST", "/fhir/Group/{group_id}/$export"): LISTS,
    ("GET", "/fhir/$export/{export_id}"): LISTS,
    ("DELETE", "/fhir/$export/{export_id}"): LISTS,
    ("GET", "/fhir/$export/{export_id}/{number}"): LISTS,
    ("GET", "/fhir/OperationDefinition/{resource_id}"): EVERYBODY,
}
# For anybody, because they reveal nothing about people; metrics on this machine only.
OPEN = {
    ("GET", "/health"),
    ("HEAD", "/health"),
    ("GET", "/api/v1/health"),
    ("GET", "/metrics"),
    ("GET", "/fhir/metadata"),
    ("GET", "/fhir/.well-known/smart-configuration"),
}
# With a signature: see tests/api/fhir/test_backend_services.py.
SIGNED = {("POST", "/fhir/auth/token")}
# For anybody where the clinic has switched it on, and nowhere else: see
# tests/api/visits/test_public_booking.py.
SWITCHED = {
    ("GET", "/api/public/doctors"),
    ("GET", "/api/public/doctors/{uuid}/slots"),
    ("POST", "/api/public/bookings"),
    ("GET", "/api/public/bookings/{uuid}"),
    ("POST", "/api/public/bookings/{uuid}/confirm"),
}
# What a connected system may call with every existing scope (decision 73), in addition
# to reading and searching the types that have one.
OF_SYSTEMS = {
    ("GET", "/fhir/Patient/{resource_id}/$summary"),
    ("POST", "/fhir/Patient/{resource_id}/$summary"),
    ("GET", "/fhir/Appointment/$find"),
    ("POST", "/fhir/Appointment/$find"),
    *(
        ("GET", f"/fhir/{name}/{{resource_id}}/_history{version}")
        for name in ("Patient", "DocumentReference", "MedicationRequest")
        for version in ("", "/{version_id}")
    ),
    # Of the types that they read, for the registered purpose.
    *(route for route in ALLOWED if "/$export" in route[1]),
}
EVERY_SCOPE = ResourceScopes({name: frozenset("rs") for name in RESOURCE_RIGHTS})
EVERY_OWN = ResourceScopes({name: frozenset("rs") for name in APP_TYPES}, "patient")


def _opens(route, scopes=EVERY_SCOPE):
    try:
        require_in_scope(scopes, *route)
    except NotAllowed:
        return False
    return True


def test_a_route_opens_for_connected_systems_only_if_it_is_listed():
    read = {
        route
        for name in RESOURCE_RIGHTS
        for route in (
            ("GET", f"/fhir/{name}"),
            ("POST", f"/fhir/{name}/_search"),
            ("GET", f"/fhir/{name}/{{resource_id}}"),
        )
    }
    served = ALLOWED.keys() | OPEN | SIGNED | SWITCHED

    assert {route for route in served if _opens(route)} == (read & served) | OF_SYSTEMS


def test_a_route_opens_for_apps_only_if_it_reads_what_patients_may():
    served = ALLOWED.keys() | OPEN | SIGNED | SWITCHED
    opened = {route for route in served if _opens(route, EVERY_OWN)}

    assert {path.split("/")[2] for _, path in opened} == set(APP_TYPES)
    assert opened < {route for route in served if _opens(route)}
    assert not [path for _, path in opened if "$export" in path or "$hold" in path]


@pytest.mark.parametrize(
    "route",
    [
        ("GET", "/fhir/Patient/{resource_id}/$everything"),
        ("GET", "/fhir/Patient/{resource_id}/_history/{version_id}/$diff"),
        ("GET", "/fhir/Patient/{resource_id}/{name}"),
        ("GET", "/fhir/DocumentReference/{resource_id}/$summary"),
        ("GET", "/fhir/Slot/$find"),
        ("DELETE", "/fhir/Appointment/$find"),
        ("DELETE", "/fhir/Patient/{resource_id}"),
    ],
)
def test_a_route_that_comes_later_opens_nothing_for_connected_systems(route):
    assert not _opens(route)


def test_every_route_has_its_line_in_the_matrix(client):
    paths = client.get("/api/openapi.json").json()["paths"]

    described = {
        (method.upper(), path) for path, routes in paths.items() for method in routes
    }

    assert described == ALLOWED.keys() | OPEN | SIGNED | SWITCHED


def test_the_documentation_has_every_call_and_no_other(client):
    paths = client.get("/api/openapi.json").json()["paths"]
    text = (DOCS / "api.md").read_text()
    every = text + (DOCS / "fhir.md").read_text()

    missing = [path for path in paths if last_word_of(path) not in every]
    there = {
        (method.upper(), shape_of(path))
        for path, routes in paths.items()
        for method in routes
    }
    written = {
        (method, shape_of(path))
        for methods, path in re.findall(r"`([A-Z]+(?:`, `[A-Z]+)*) (/[^`?\s]*)", text)
        for method in re.findall("[A-Z]+", methods)
    }

    assert missing == []
    assert len(written) > 100
    assert written - there == set()


def last_word_of(path: str) -> str:
    """Return the end of a path, without the ids in it, as tables shorten it."""
    return [part for part in path.split("/") if part and "{" not in part][-1]


def shape_of(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


# One test a role, not one a call: a failure still shows which calls are wrong.
@pytest.mark.parametrize("role", Role)
def test_asvs_8_2_1_a_route_is_for_these_roles_and_no_others(as_role, role):
    desk, client = as_role(Role.STAFF), as_role(role)
    statuses = {
        route: _ask(client, *route, _somebody_for(desk, route)).status_code
        for route in ALLOWED
    }

    wrong = {
        route: status
        for route, status in statuses.items()
        if not _fits(route, role, status)
    }
    assert wrong == {}


def _somebody_for(desk, route):
    """Register a patient whom no other test uses if the route is about a patient."""
    return desk.post("/api/v1/patients", ADA).json() if "patients/" in route[1] else {}


def _fits(route, role, status):
    if role in ALLOWED[route]:
        return status not in {401, 403}
    if role is Role.PATIENT and "{uuid}" in route[1]:
        return status in {403, 404}
    return status == 403


def test_a_stranger_gets_nothing_anywhere(as_role, ada):
    stranger = as_role(None)
    answers = {route: _ask(stranger, *route, ada) for route in ALLOWED}

    assert {r: a.status_code for r, a in answers.items() if a.status_code != 401} == {}
    assert [r for r, answer in answers.items() if "Lovelace" in answer.text] == []


@pytest.mark.parametrize(("method", "path"), sorted(SWITCHED))
def test_what_is_switched_off_is_not_there(as_role, method, path):
    assert _ask(as_role(None), method, path, {}).status_code == 404


@pytest.mark.parametrize(("method", "path"), sorted(OPEN))
def test_what_is_open_needs_no_token(as_role, method, path):
    assert _ask(as_role(None), method, path, {}).status_code in {200, 503}


_WHOLE_BODIES = {
    "/api/v1/patients/{uuid}/contact": {},
    "/api/v1/cohorts": {"entry": {"kind": "visit"}},
    "/api/v1/cohorts/compare": {
        "cohorts": [{"entry": {"kind": "visit"}}, {"entry": {"kind": "document"}}]
    },
    "/api/v1/cohorts/facets": {"kind": "visit"},
    "/api/v1/figures": {"cohort": {"entry": {"kind": "visit"}}, "by": ["sex"]},
    "/api/v1/queries": {"sql": "SELECT count(*) FROM visits"},
    "/api/v1/exports": {"reason": "A recall of one medication"},
}


def _ask(client, method, path, ada):
    about_patients = "patients/" in path
    target = ada["uuid"] if about_patients and ada else uuid4()
    body = ADA | {"email": f"{uuid4().hex}@example.org"}
    if path.endswith("/merge"):
        body = {
            "merged": str(uuid4()),
            "merged_version": 1,
            "version": 1,
            "patient": body,
        }
    if path.endswith("/bulk"):
        of = path.split("/")[-2]
        body = {
            of: [str(target)],
            "action": "delete" if of == "documents" else "restore",
        }
    if path.startswith(("/api/document-tags", "/api/document-fields")):
        body = {"name": ""}
    if path.startswith("/api/inbox"):
        body = {"assignee": None}
    if path.startswith("/api/document-forms"):
        body = {"form": {}}
    body = _WHOLE_BODIES.get(path, body)
    if path.startswith("/api/bookings"):
        # A patient books for nobody else, and need not say for whom.
        body = {} if path.startswith(BOOKING) else {"slot_id": str(uuid4())}
    if path.startswith(WAITS):
        body = {"until_at": "2099-01-05", "doctor_id": str(uuid4())}
    if path.startswith(PAPER):
        body = {"minutes": 60} if path.endswith("/shares") else {}
    # These searches send a form, and an empty one searches for nothing.
    is_form = path.endswith("/_search")
    if "/$" in path:
        body = {"resourceType": "Parameters"}
    sends = method in {"POST", "PUT", "PATCH"} and not is_form
    names_version = about_patients or path.startswith(PAPER)
    headers = {"If-Match": '"1"'} if names_version and method != "GET" else {}
    return client.ask(
        method,
        _filled(path, target),
        json=body if sends else None,
        headers=headers,
    )


def _filled(path, target):
    named = {"uuid": target, "share": uuid4(), "slot": uuid4(), "number": 1, "page": 1}
    named |= {"resource_id": target, "version_id": 1}
    named |= {"group_id": target, "export_id": target}
    return path.format(**named, name="health_statement", key="unknown")
