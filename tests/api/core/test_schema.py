"""Every answer of the API is one that its own description tells of."""

from datetime import UTC, datetime

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.transport.asgi import ASGI_TRANSPORT

from api.application import create_api
from services.core.actors import Role

_FEW = settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)
_CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


_description = create_api(
    None,
    None,
    None,
    None,
    None,
    lookout=None,
    operator=None,
    now=lambda: datetime.now(UTC),
).openapi()
schema = schemathesis.openapi.from_dict(_description)


def _ask(case, door, role):
    token = {"Authorization": f"Bearer {door.tokens[role]}"} if role else {}
    answer = ASGI_TRANSPORT.send(case, app=door.app, headers=token)
    case.validate_response(answer, checks=_CHECKS)


@schema.parametrize()
@_FEW
def test_whatever_the_desk_sends_the_answer_is_one_that_was_promised(case, door):
    _ask(case, door, Role.STAFF)


@schema.parametrize()
@_FEW
def test_whatever_analysts_send_the_answer_is_one_that_was_promised(case, door):
    _ask(case, door, Role.ANALYST)


@schema.parametrize()
@_FEW
def test_whatever_admins_send_the_answer_is_one_that_was_promised(case, door):
    _ask(case, door, Role.ADMIN)


@schema.parametrize()
@settings(_FEW, max_examples=3)
def test_strangers_too_get_an_answer_that_was_promised(case, door):
    _ask(case, door, None)
