"""What administrators see of erasures, and how they postpone one."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from db.models.document import Document
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from services.documents import erasure
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.services.documents.erasure.samples import (
    YEARS,
    archive_long_ago,
    events,
    is_erased,
    let_erase,
)
from tests.services.documents.records.samples import file
from tests.services.documents.retention.samples import NOT_ADMINS

REASON = "Claim 2026-17 against the clinic"


@pytest.fixture
def over(session, clerk, patient):
    let_erase(session)
    archive_long_ago(session, clerk, patient)
    return patient


def change(session, boss, years, **seen):
    rule = erasure.find_rule(session)
    erasure.change_rule(session, boss.actor, rule, years=years, **boss.fresh | seen)


def test_what_is_due_is_told_by_number_with_what_stops_it(session, admin, clerk, over):
    kept = file(session, clerk, of=None)
    session.execute(
        update(Document).where(Document.id == kept.id).values(patient_id=over.id)
    )

    status = erasure.read_due_erasures(session, admin)

    (due,) = status.dues
    assert (due.record_number, due.documents, due.held) == (over.record_number, 1, 0)
    assert (status.total, status.erased) == (1, 0)
    assert events(session, Action.RETENTION_READ)


def test_who_will_be_due_within_three_months_is_told_and_nobody_later(
    session, admin, clerk, today, patient
):
    let_erase(session)
    archive_long_ago(session, clerk, patient, years=YEARS - 1)

    assert erasure.read_due_erasures(session, admin).dues == ()


def test_a_postponed_erasure_waits_for_its_day(session, admin, over, today):
    later = today + timedelta(days=400)

    erasure.postpone(session, admin, over.id, until=later, reason=REASON, today=today)

    assert erasure.erase(session) == 0
    (due,) = erasure.read_due_erasures(session, admin).dues
    assert (due.postponed_until, due.postponed_because) == (later, REASON)
    event = events(session, Action.PATIENT_POSTPONE_ERASURE)[over.id]
    assert (event.reason, event.details) == (REASON, {"until": later.isoformat()})


def test_a_postponement_ends_on_its_day_by_the_clinics_clock(session, admin, over):
    # In the evening in America, when it is tomorrow by UTC.
    tomorrow = datetime.now(UTC).date()
    evening = tomorrow - timedelta(days=1)

    erasure.postpone(
        session, admin, over.id, until=tomorrow, reason=REASON, today=evening
    )

    assert erasure.erase(session, today=evening) == 0
    (due,) = erasure.read_due_erasures(session, admin, today=evening).dues
    assert due.postponed_until == tomorrow
    assert erasure.erase(session, today=tomorrow) == 1


@pytest.mark.parametrize(
    ("wanted", "named"),
    [
        ((0, REASON), "until"),
        ((40_000, REASON), "until"),
        ((400, "Why not"), "reason"),
    ],
)
def test_a_postponement_needs_a_day_ahead_and_a_reason(
    session, admin, over, wanted, named
):
    days, reason = wanted
    today = date(2026, 11, 20)

    with pytest.raises(InvalidInput) as refused:
        erasure.postpone(
            session,
            admin,
            over.id,
            until=today + timedelta(days=days),
            reason=reason,
            today=today,
        )

    assert refused.value.property_name == named


def test_nothing_is_postponed_of_who_was_erased(session, admin, over, today):
    erasure.erase(session)

    assert is_erased(session, over.id)
    with pytest.raises(erasure.NothingToErase):
        erasure.postpone(
            session,
            admin,
            over.id,
            until=today + timedelta(days=9),
            reason=REASON,
            today=today,
        )


def test_the_rule_is_changed_with_a_passkey_and_told(session, boss):
    change(session, boss, 10)

    assert erasure.find_rule(session).years == 10
    (event,) = events(session, Action.RETENTION_CHANGE).values()
    assert event.details == {"changed": {"erase_after_years": [None, 10]}}
    with pytest.raises(NotConfirmed):
        change(session, boss, 11, session_id=None)
    with pytest.raises(InvalidInput, match="1 to 100 years"):
        change(session, boss, 101)


def test_of_two_administrators_the_second_sees_first_what_the_first_did(session, boss):
    seen = erasure.find_rule(session)
    let_erase(session, years=7)

    with pytest.raises(erasure.ErasureRuleChanged):
        erasure.change_rule(session, boss.actor, seen, years=10, **boss.fresh)


@pytest.mark.parametrize("role", NOT_ADMINS)
def test_only_administrators_see_what_is_due(session, role):
    with pytest.raises(NotAllowed):
        erasure.read_due_erasures(session, cast.act_as_somebody(role))
