"""Who may operate the servers, with which proof, and what is recorded of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select, text, update

from db.models.replication import ClusterOperation
from db.models.user import User, UserSession
from services.cluster import operations
from services.cluster.operations import (
    Cost,
    OperationKind,
    OperationRequest,
    authorization,
    journal,
)
from services.cluster.operations.refusals import ServersBusy
from services.core.actors import CONSOLE, Role, Scope
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.people import tokens
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.people.people_samples import desk

WHY = "Kernel update on db-01"
VIENNA = ZoneInfo("Europe/Vienna")
REQUEST = OperationRequest(OperationKind.SWITCHOVER, WHY, "db-02")


def later(**ahead):
    timestamp = datetime.now(UTC) + timedelta(**ahead)
    return OperationRequest(
        OperationKind.SWITCHOVER, WHY, "db-02", scheduled_at=timestamp
    )


def grow_old(session, boss):
    """Make the last use of the passkey six minutes old."""
    old = func.now() - text("interval '6 minutes'")
    session.execute(
        update(UserSession)
        .where(UserSession.id == boss.session_id)
        .values(confirmed_at=old)
    )


def rows(session):
    session.expire_all()
    return session.scalars(select(ClusterOperation)).all()


def test_who_asked_and_why_is_kept_with_the_operation(session, boss):
    operations.request(session, boss.actor, REQUEST, **boss.fresh)

    (row,) = rows(session)
    assert (row.kind, row.state, row.node) == ("switchover", "running", "db-02")
    assert (row.actor_id, row.actor_name) == (boss.actor.id, boss.actor.name)
    assert row.reason == WHY


def test_the_audit_log_says_what_was_asked_and_why(session, boss):
    operation = operations.request(session, boss.actor, REQUEST, **boss.fresh)

    (event,) = events_of(session, "cluster:switchover")
    assert event.reason == WHY
    assert event.subject_id == str(operation)
    assert event.details == {"node": "db-02"}


def test_an_old_confirmation_is_not_enough(session, boss):
    grow_old(session, boss)

    with pytest.raises(NotConfirmed):
        operations.request(session, boss.actor, REQUEST, **boss.fresh)

    assert rows(session) == []


def test_while_nobody_leads_the_last_confirmation_of_this_sign_in_counts(session, boss):
    grow_old(session, boss)

    checked = authorization.check(
        session, boss.actor, REQUEST, is_leaderless=True, **boss.fresh
    )

    assert checked == REQUEST


def test_without_any_passkey_nobody_acts_even_while_nobody_leads(session):
    coded = desk(session, method="code")

    with pytest.raises(NotConfirmed):
        authorization.check(
            session, coded.actor, REQUEST, is_leaderless=True, **coded.fresh
        )


def test_a_program_acts_only_with_a_token_made_for_it(session):
    may = cast.act_as_program(Role.ADMIN, Scope.ACT_ON_REPLICATION)
    general = cast.act_as_program(Role.ADMIN)
    watcher = cast.act_as_program(Role.ADMIN, Scope.READ_REPLICATION)

    assert authorization.check(session, may, REQUEST, session_id=None) == REQUEST
    for other in (general, watcher):
        with pytest.raises(NotAllowed, match="act on the database servers"):
            authorization.check(session, other, REQUEST, session_id=None)


def test_whoever_works_on_the_server_itself_needs_no_passkey(session):
    assert authorization.check(session, CONSOLE, REQUEST, session_id=None) == REQUEST


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param(
            OperationRequest(OperationKind.RESTART, "short", "db-01"), id="no reason"
        ),
        pytest.param(later(minutes=-1), id="in the past"),
        pytest.param(later(days=31), id="too far ahead"),
        pytest.param(
            OperationRequest(
                OperationKind.SWITCHOVER,
                WHY,
                scheduled_at=datetime(2027, 1, 1),  # noqa: DTZ001
            ),
            id="without a zone",
        ),
        pytest.param(
            OperationRequest(
                OperationKind.REINIT,
                WHY,
                scheduled_at=datetime(2026, 12, 1, tzinfo=UTC),
            ),
            id="no switchover",
        ),
    ],
)
def test_a_request_that_cannot_be_meant_is_refused(session, boss, wanted):
    with pytest.raises(InvalidInput):
        operations.request(session, boss.actor, wanted, **boss.fresh)


def test_two_do_not_act_at_once(session, boss):
    first = operations.request(session, boss.actor, REQUEST, **boss.fresh)

    with pytest.raises(ServersBusy):
        operations.request(session, boss.actor, REQUEST, **boss.fresh)

    journal.finish(session, first, Cost("db-02 leads."))
    operations.request(session, boss.actor, REQUEST, **boss.fresh)


def test_whom_nobody_attends_to_blocks_nobody(session, boss):
    operations.request(session, boss.actor, REQUEST, **boss.fresh)
    old = func.now() - text("interval '1 minute'")
    session.execute(update(ClusterOperation).values(seen_at=old))

    operations.request(session, boss.actor, REQUEST, **boss.fresh)

    assert len(rows(session)) == 2


def test_what_it_cost_is_kept(session, boss):
    operation = operations.request(session, boss.actor, REQUEST, **boss.fresh)
    cost = Cost(
        "db-02 leads.", "db-01", "db-02", 4, 5, 0.9, 0, 0, {"pausing": 0.2}, {"a": 1}
    )

    journal.finish(session, operation, cost, [{"seconds": 0.1, "sentence": "Asked"}])

    (row,) = rows(session)
    assert (row.state, row.downtime_seconds, row.lost_writes) == ("done", 0.9, 0)
    assert (row.former_timeline, row.new_timeline) == (4, 5)
    assert row.phases == {"pausing": 0.2}
    assert row.result["sentence"] == "db-02 leads."
    assert row.result["steps"] == [{"seconds": 0.1, "sentence": "Asked"}]
    assert row.result["a"] == 1


def test_what_failed_says_why(session, boss):
    operation = operations.request(session, boss.actor, REQUEST, **boss.fresh)

    journal.fail(session, operation, "db-02 did not answer.")

    (row,) = rows(session)
    assert row.state == "failed"
    assert row.ended_at is not None
    assert row.result["sentence"] == "db-02 did not answer."


def next_last_sunday(month):
    """Return half past two on the next last Sunday of a month, by Vienna's clock."""
    now = datetime.now(VIENNA)
    for year in (now.year, now.year + 1):
        last = datetime(year, month, 31, 2, 30, tzinfo=VIENNA)
        sunday = last - timedelta(days=(last.weekday() + 1) % 7)
        if sunday > now:
            return sunday
    raise AssertionError(month)


@pytest.mark.parametrize("month", [3, 10], ids=["never comes", "comes twice"])
def test_a_time_at_which_clocks_change_is_no_plan(session, boss, monkeypatch, month):
    monkeypatch.setattr(authorization, "_FURTHEST", timedelta(days=366))
    request = replace(later(hours=1), scheduled_at=next_last_sunday(month))

    with pytest.raises(InvalidInput, match="comes twice or never") as refusal:
        operations.request(session, boss.actor, request, **boss.fresh)

    assert refusal.value.property_name == "scheduled_at"
    hour_later = request.scheduled_at + timedelta(hours=1)
    clear = replace(request, scheduled_at=hour_later)
    operations.request(session, boss.actor, clear, **boss.fresh)


def test_a_planned_switchover_waits_for_its_time(session, boss):
    operations.request(session, boss.actor, later(hours=1), **boss.fresh)

    assert journal.planned(session).node == "db-02"
    assert operations.claim_due(session) is None


def test_a_due_switchover_is_claimed_once(session, boss):
    operation = operations.request(session, boss.actor, later(hours=1), **boss.fresh)
    session.execute(update(ClusterOperation).values(scheduled_at=func.now()))

    assert operations.claim_due(session) == (operation, REQUEST)
    assert operations.claim_due(session) is None
    assert journal.planned(session) is None


def test_what_is_due_is_not_begun_for_somebody_deactivated(session, boss):
    operation = operations.request(session, boss.actor, later(hours=1), **boss.fresh)
    session.execute(update(ClusterOperation).values(scheduled_at=func.now()))
    session.execute(
        update(User).where(User.id == boss.actor.id).values(deactivated_at=func.now())
    )

    assert operations.claim_due(session) is None

    assert [row.state for row in rows(session)] == ["cancelled"]
    *_, event = events_of(session, "cluster:switchover")
    assert (event.subject_id, event.actor_id) == (str(operation), None)
    assert event.details == {"cancelled": True}


def test_what_a_revoked_token_has_planned_is_not_begun(session, boss):
    scopes = [Scope.ACT_ON_REPLICATION, Scope.READ_REPLICATION]
    days = timedelta(days=1)
    made = {
        name: tokens.issue_own(
            session, boss.actor, name=name, scopes=scopes, lifetime=days, **boss.fresh
        )
        for name in ("lost", "kept")
    }
    bearers = {name: tokens.find(session, token) for name, token in made.items()}
    planned = {
        name: operations.request(
            session,
            bearer.actor,
            replace(later(hours=1), token_id=bearer.token_id),
            session_id=None,
        )
        for name, bearer in bearers.items()
    }
    tokens.revoke(session, boss.actor, bearers["lost"].token_id)

    operations.close_missed(session)

    states = {row.id: row.state for row in rows(session)}
    assert states[planned["lost"]] == "cancelled"
    assert states[planned["kept"]] == "scheduled"
    *_, event = events_of(session, "cluster:switchover")
    assert event.subject_id == str(planned["lost"])


def test_what_was_missed_is_not_made_up_for(session, boss):
    operations.request(session, boss.actor, later(hours=1), **boss.fresh)
    long_ago = func.now() - text("interval '10 minutes'")
    session.execute(update(ClusterOperation).values(scheduled_at=long_ago))

    assert operations.close_missed(session) == 1

    assert operations.claim_due(session) is None
    (row,) = rows(session)
    assert row.state == "failed"
    # A worker may have run all the time, and another operation as well.
    assert "or another operation was under way" in row.result["sentence"]


def test_a_planned_switchover_can_be_cancelled_once(session, boss):
    operation = operations.request(session, boss.actor, later(hours=1), **boss.fresh)

    operations.cancel(session, boss.actor, operation, **boss.fresh)

    assert rows(session)[0].state == "cancelled"
    with pytest.raises(NotFound):
        operations.cancel(session, boss.actor, operation, **boss.fresh)
