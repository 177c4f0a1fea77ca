"""Operations on the servers that programs request."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import delete, func, update

from api.core.answers import LSN_HEADER
from db.models.replication import ClusterOperation
from db.models.user import ApiToken
from db.postgres import SYSTEM
from services.cluster.operations import journal
from services.core.actors import Role, Scope
from services.people import tokens
from tests.api.conftest import Client

BASE = "/api/v1/replication"


@pytest.fixture
def operator(application):
    """A program that may act on the servers, and nothing else."""
    scopes = {Scope.ACT_ON_REPLICATION}
    token = application.database.write(
        lambda session: tokens.issue(session, Role.ADMIN, scopes=scopes),
        identity=SYSTEM,
    ).value
    client = Client(application.app, token, application.position)
    yield client
    client.close()
    application.database.write(
        lambda session: session.execute(delete(ClusterOperation)), identity=SYSTEM
    )


def plan(operator):
    best = operator.get(f"{BASE}/preview").json()["candidates"][0]["name"]
    body = {
        "act": "switchover",
        "node": best,
        "reason": "Kernel update on the primary",
        "scheduled_at": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
    }
    return operator.post(f"{BASE}/acts", body)


def test_a_planned_switchover_is_read_and_cancelled_by_the_id_in_the_answer(operator):
    planned = plan(operator)

    assert (planned.status_code, planned.json()["state"]) == (202, "scheduled")
    path = f"{BASE}/acts/{planned.json()['id']}"
    after = {LSN_HEADER: planned.headers[LSN_HEADER]}
    assert operator.get(path, headers=after).json()["state"] == "scheduled"
    cancelled = operator.delete(path)
    assert cancelled.status_code == 204
    after = {LSN_HEADER: cancelled.headers[LSN_HEADER]}
    assert operator.get(path, headers=after).json()["state"] == "cancelled"


def test_a_planned_switchover_ends_with_the_token_that_planned_it(
    operator, application
):
    assert plan(operator).status_code == 202
    read_planned = partial(application.database.read_latest, journal.planned)
    assert read_planned(identity=SYSTEM).value.is_authorized

    # The operator's: no other token of this module has this scope alone.
    revoked = update(ApiToken).where(
        ApiToken.scopes == [Scope.ACT_ON_REPLICATION.value]
    )
    application.database.write(
        lambda session: session.execute(revoked.values(revoked_at=func.now())),
        identity=SYSTEM,
    )

    assert not read_planned(identity=SYSTEM).value.is_authorized


def test_a_dry_run_refuses_what_could_not_be_done(operator):
    primary = operator.get(f"{BASE}/preview").json()["primary"]
    best = operator.get(f"{BASE}/preview").json()["candidates"][0]["name"]

    def rehearse(**body):
        answer = operator.post(f"{BASE}/acts", {"dry_run": True} | body)
        return answer.status_code

    long_ago = "2020-01-01T10:00:00Z"
    assert rehearse(act="restart", node=primary) == 202
    assert rehearse(act="restart", node="db-99") == 409
    assert rehearse(act="switchover", node=best) == 202
    assert rehearse(act="switchover", node=best, scheduled_at=long_ago) == 400
    assert rehearse(act="restart", node=primary, reason="Too short") == 400


def test_a_dry_run_refuses_a_token_that_could_not_act(operator, as_role):
    primary = operator.get(f"{BASE}/preview").json()["primary"]
    body = {"act": "restart", "node": primary, "reason": "Kernel update, weekly"}
    without_scopes = as_role(Role.ADMIN)

    rehearsed = without_scopes.post(f"{BASE}/acts", body | {"dry_run": True})
    begun = without_scopes.post(f"{BASE}/acts", body)

    assert (rehearsed.status_code, begun.status_code) == (403, 403)
    assert rehearsed.json()["detail"] == begun.json()["detail"]
