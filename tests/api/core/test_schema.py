"""Every answer of the API is one that its own description tells of."""

from datetime import UTC, datetime

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis import checks
from schemathesis.config import SchemathesisConfig
from schemathesis.transport.asgi import ASGI_TRANSPORT

from api.application import create_api
from services.core.actors import Role

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


_description = create_api(
    None,
    None,
    None,
    None,
    None,
    monitor=None,
    runner=None,
    now=lambda: datetime.now(UTC),
).openapi()
_OF_ADMINS = "^/(api/v1/(people|tokens|replication)|api/admin|files/(audit|visit))"


def _calls(edges=None):
    """Every operation, called at random; some at the edges of their values as well.

    Those take most of the time, so each operation is asked about them once, by who may
    most.
    """
    phases = {"coverage": {"enabled": False}}
    probed = [{"phases": {"coverage": {"enabled": True}}, **edges}] if edges else []
    config = {"phases": phases, "operations": probed}
    return schemathesis.openapi.from_dict(
        _description, config=SchemathesisConfig.from_dict(config)
    )


of_the_desk = _calls({"exclude-path-regex": _OF_ADMINS})
of_analysts = _calls()
of_admins = _calls({"include-path-regex": _OF_ADMINS})
of_strangers = _calls()


def _ask(case, application, role):
    token = {"Authorization": f"Bearer {application.tokens[role]}"} if role else {}
    answer = ASGI_TRANSPORT.send(case, app=application.app, headers=token)
    case.validate_response(answer, checks=_CHECKS)


@of_the_desk.parametrize()
@_FEW
def test_whatever_the_desk_sends_the_answer_is_one_that_was_promised(case, application):
    _ask(case, application, Role.STAFF)


@of_analysts.parametrize()
@_FEW
def test_whatever_analysts_send_the_answer_is_one_that_was_promised(case, application):
    _ask(case, application, Role.ANALYST)


@of_admins.parametrize()
@_FEW
def test_whatever_admins_send_the_answer_is_one_that_was_promised(case, application):
    _ask(case, application, Role.ADMIN)


@of_strangers.parametrize()
@settings(_FEW, max_examples=2)
def test_strangers_too_get_an_answer_that_was_promised(case, application):
    _ask(case, application, None)


def test_no_two_tests_share_an_id(request):
    ids = [item.nodeid for item in request.session.items]

    assert len(ids) == len(set(ids))
