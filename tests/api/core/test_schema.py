"""Every answer of the API matches the API's own description."""

from datetime import UTC, datetime

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.transport.asgi import ASGI_TRANSPORT

from api.application import create_api
from api.core.dependencies import Stores
from api.patients.schemas import PatientBody
from api.visits.bookings import BookingBody
from api.visits.waiting_list import WaitBody
from services.core.actors import Role
from tests.api.core.test_matrix_of_routes import ALLOWED

_FEW = settings(
    max_examples=5,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
_CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]

_EVERY_TIME = (None, Role.ANALYST, Role.ADMIN, Role.STAFF)


# The stores, the monitor and the runner are not asked for it.
_description = create_api(Stores(*[None] * 7, now=lambda: datetime.now(UTC))).openapi()


_calls = schemathesis.openapi.from_dict(
    _description,
    config=SchemathesisConfig.from_dict({"phases": {"coverage": {"enabled": False}}}),
)

# Bytes like any others, under tus's name for them.
schemathesis.serializer.alias(
    "application/offset+octet-stream", "application/octet-stream"
)


def who_may_most(case):
    """Return a role that may call this: staff if they may, or if nobody may."""
    allowed = ALLOWED.get((case.method, case.path), frozenset())
    ranked = (Role.STAFF, Role.ADMIN, Role.CLINICIAN, Role.PATIENT)
    return next((role for role in ranked if role in allowed), Role.STAFF)


# Generating a call takes longer than answering it: all roles send the same one.
@_calls.parametrize()
@_FEW
def test_whatever_anybody_sends_the_answer_is_one_that_was_promised(case, application):
    most = who_may_most(case)

    # Those who may do least begin: the others change the data.
    for role in [*(each for each in _EVERY_TIME if each is not most), most]:
        token = {"Authorization": f"Bearer {application.tokens[role]}"} if role else {}
        answer = ASGI_TRANSPORT.send(case, app=application.app, headers=token)
        case.validate_response(answer, checks=_CHECKS)


def test_erased_patients_and_full_disks_are_described():
    operations = {
        (path, method): operation["responses"]
        for path, methods in _description["paths"].items()
        for method, operation in methods.items()
    }
    of_a_patient = {each for each in operations if "/patients/{uuid}" in each[0]}

    assert len(of_a_patient) > 10
    assert [each for each in of_a_patient if "410" not in operations[each]] == []
    full = {each for each in operations if "507" not in operations[each]}
    assert {path for path, _ in full} == {
        "/health",
        "/metrics",
        "/fhir/metadata",
        "/fhir/.well-known/smart-configuration",
        "/fhir/auth/token",
    }


@pytest.mark.parametrize(
    "path", ["/api/v1/patients", "/patient-register", "/api/documents"]
)
def test_every_parameter_of_a_list_is_described(path):
    described = _description["paths"][path]["get"]["parameters"]

    names = {parameter["name"] for parameter in described}
    assert {"combine", "search", "archived", "orderBy", "order", "per_page"} <= names


def test_no_two_tests_share_an_id(request):
    ids = [item.nodeid for item in request.session.items]

    assert len(ids) == len(set(ids))


def _headers(path, method, status):
    answer = _description["paths"][path][method]["responses"][status]
    return set(answer.get("headers", ()))


def test_the_headers_of_answers_are_described():
    patient = "/api/v1/patients/{uuid}"

    assert _headers(patient, "get", "200") == {"ETag", "X-Chartroom-Node"}
    assert _headers(patient, "put", "200") == {"ETag", "X-Chartroom-LSN"}
    assert _headers(patient, "delete", "204") == {"X-Chartroom-LSN"}
    assert _headers("/api/bookings", "post", "201") == {"Location", "X-Chartroom-LSN"}
    assert _headers("/fhir/Patient", "get", "429") == {"Retry-After"}
    for refused in ("401", "403"):
        assert _headers("/api/doctors", "get", refused) == {"WWW-Authenticate"}


@pytest.mark.parametrize("kind", [PatientBody, BookingBody, WaitBody])
def test_an_example_is_what_the_call_takes(kind):
    (example,) = kind.model_json_schema()["examples"]

    assert kind.model_validate(example).model_dump(exclude_unset=True)
