"""The calendar says when which drill is due; administrators are reminded once."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import text

from dashboard.ui.language.recorded_sentences import recorded_in
from db.models.user import User
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills import DrillMeasurements
from services.core.actors import Role
from services.core.errors import InvalidInput, NotAllowed
from services.messaging.mail import MailNotSent
from tests.kit import cast
from tests.services.people.people_samples import desk

CLINIC = "https://clinic.example.org"
GOOD = DrillMeasurements(1.0, 0.0, acknowledged=500, lost=0, errors=0)


def today():
    return datetime.now(UTC).date()


def plan(session, boss, kind=DrillKind.CRASH, every_days=30, ahead=0):
    next_on = None if ahead is None else today() + timedelta(days=ahead)
    drills.change_plan(session, boss.actor, kind, every_days, next_on)


def planned(session, boss, kind=DrillKind.CRASH):
    plans = drills.list_plans(session, boss.actor)
    return next(plan for plan in plans if plan.kind is kind)


def test_every_kind_is_listed_and_none_is_planned_at_first(session, boss):
    plans = drills.list_plans(session, boss.actor)

    assert [plan.kind for plan in plans] == list(DrillKind)
    assert {(plan.every_days, plan.next_on, plan.is_due) for plan in plans} == {
        (None, None, False)
    }


def test_a_plan_is_made_changed_and_taken_back(session, boss):
    plan(session, boss)
    assert planned(session, boss).is_due

    plan(session, boss, every_days=90, ahead=3)
    changed = planned(session, boss)
    assert (changed.every_days, changed.is_due) == (90, False)

    plan(session, boss, every_days=None, ahead=None)
    assert planned(session, boss).next_on is None


@pytest.mark.parametrize(
    ("every_days", "ahead"),
    [(0, 1), (367, 1), (30, -1), (30, 367)],
    ids=["never", "too seldom", "yesterday", "too far"],
)
def test_a_plan_that_makes_no_sense_is_refused(session, boss, every_days, ahead):
    with pytest.raises(InvalidInput):
        plan(session, boss, every_days=every_days, ahead=ahead)


def test_a_drill_is_due_on_its_day_by_the_clinics_clock(session, boss, mailer):
    # In the evening in America, when it is tomorrow by UTC.
    evening = today() - timedelta(days=1)
    drills.change_plan(session, boss.actor, DrillKind.CRASH, 30, evening, today=evening)
    drills.change_plan(
        session, boss.actor, DrillKind.LOST_NODE, 30, today(), today=evening
    )

    plans = drills.list_plans(session, boss.actor, today=evening)

    assert [plan.kind for plan in plans if plan.is_due] == [DrillKind.CRASH]
    assert drills.remind(session, mailer, CLINIC, today=evening) == 1


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN, Role.ANALYST])
def test_only_administrators_plan_drills(session, role):
    with pytest.raises(NotAllowed):
        plan(session, desk(session, role))


def test_a_drill_that_was_done_is_due_again_after_the_usual_time(session, boss):
    plan(session, boss, every_days=30)
    drill_id = drills.begin(session, boss.actor, DrillKind.CRASH, **boss.fresh)

    drills.finish(session, drill_id, DrillKind.CRASH, GOOD, node="db-01")

    assert planned(session, boss).next_on == today() + timedelta(days=30)


def test_the_next_drill_is_due_by_the_services_day_whatever_the_servers_zone(
    session, boss
):
    plan(session, boss, every_days=30)
    drill_id = drills.begin(session, boss.actor, DrillKind.CRASH, **boss.fresh)
    # At any hour it is another day in one of them than in UTC.
    far = ("Etc/GMT-14", "Etc/GMT+12")

    for zone in far:
        session.execute(text(f"SET LOCAL TIME ZONE '{zone}'"))
        drills.finish(session, drill_id, DrillKind.CRASH, GOOD, node="db-01")

        assert planned(session, boss).next_on == today() + timedelta(days=30)


def test_the_next_drill_is_due_by_the_clinics_day(session, boss):
    plan(session, boss, every_days=30)
    drill_id = drills.begin(session, boss.actor, DrillKind.CRASH, **boss.fresh)
    # In Auckland it is tomorrow from noon on, by UTC.
    there = today() + timedelta(days=1)

    drills.finish(session, drill_id, DrillKind.CRASH, GOOD, node="db-01", today=there)

    assert planned(session, boss).next_on == there + timedelta(days=30)


def test_a_drill_that_was_skipped_stays_due(session, boss):
    plan(session, boss)
    drill_id = drills.begin(session, boss.actor, DrillKind.CRASH, **boss.fresh)

    drills.give_up(session, drill_id, "It cannot be practised.", skipped=True)

    assert planned(session, boss).is_due


def test_administrators_are_reminded_of_what_is_due_once(
    session, boss, mailer, mailbox
):
    cast.add_account(session, Role.STAFF)
    plan(session, boss)
    plan(session, boss, DrillKind.LOST_NODE, ahead=1)

    counts = [drills.remind(session, mailer, CLINIC) for _ in range(2)]

    assert counts == [1, 0]
    (email,) = mailbox.emails
    assert "- Crashed primary" in email.get_content()
    assert "Lost server" not in email.get_content()
    assert f"{CLINIC}/drills" in email.get_content()


def test_each_administrator_is_reminded_in_their_language(
    session, boss, mailer, mailbox
):
    session.get_one(User, boss.actor.id).language = "de"
    cast.add_account(session, Role.ADMIN)
    plan(session, boss)

    drills.remind(session, mailer, CLINIC, translate=partial(recorded_in, usual="en"))

    german, english = mailbox.emails
    assert german["Subject"] == "Chartroom: Eine Übung ist fällig"
    words = german.get_content()
    assert "Es ist wieder Zeit zu üben:" in words
    assert "- Primärserver abgestürzt" in words
    assert f"für einen anderen Tag: {CLINIC}/drills" in words
    assert english["Subject"] == "Chartroom: a drill is due"
    assert "- Crashed primary" in english.get_content()


def test_a_plan_that_was_changed_is_reminded_of_anew(session, boss, mailer):
    plan(session, boss)
    drills.remind(session, mailer, CLINIC)

    plan(session, boss, every_days=60)

    assert drills.remind(session, mailer, CLINIC) == 1


def test_a_mail_server_that_refuses_is_told_of(session, boss, mailer, mailbox):
    plan(session, boss)
    mailbox.refusal = "550 no"

    with pytest.raises(MailNotSent):
        drills.remind(session, mailer, CLINIC)
