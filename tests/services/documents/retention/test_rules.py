"""How long documents are kept: who may change it, within which bounds, what is said."""

from uuid import uuid4

import pytest

from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, RuleChanged
from services.documents import retention
from services.documents.records.kinds import Classification
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.documents.retention.samples import NOT_ADMINS, rule_of
from tests.services.people.people_samples import desk

TEMPORARY = Classification.TEMPORARY


def change(session, desk, seen, **wanted):
    values = {"keep_days": seen.keep_days, "restore_days": seen.restore_days}
    retention.change_rule(session, desk.actor, seen, **values | wanted, **desk.fresh)


@pytest.mark.parametrize(
    ("classification", "years"),
    [(Classification.CLINICAL, 10), (Classification.ADMINISTRATIVE, 6)],
)
def test_a_new_clinic_keeps_what_is_clinical_for_ten_years_and_the_rest_for_six(
    session, classification, years
):
    rule = rule_of(session, classification)

    assert (rule.keep_days, rule.restore_days) == (retention.days_of_years(years), 30)


def test_years_beyond_every_bound_are_days_that_can_be_refused(session, boss):
    days = retention.days_of_years(10**307)

    with pytest.raises(InvalidInput):
        change(session, boss, rule_of(session, TEMPORARY), keep_days=days)
    assert [retention.days_of_years(years) for years in (1, 2, 4)] == [366, 731, 1461]


def test_a_new_clinic_keeps_what_is_temporary_for_thirty_days(session):
    assert rule_of(session, TEMPORARY).keep_days == 30


def test_a_changed_rule_is_kept_and_told_with_before_and_after(session, boss):
    change(session, boss, rule_of(session, TEMPORARY), keep_days=60)

    assert rule_of(session, TEMPORARY).keep_days == 60
    (event,) = events_of(session, Action.RETENTION_CHANGE)
    assert event.details == {"changed": {"keep_days": [30, 60]}}
    assert (event.actor_id, event.subject_id) == (boss.actor.id, "temporary")


def test_a_rule_that_stays_as_it_is_is_no_event(session, boss):
    before = rule_of(session, TEMPORARY)

    change(session, boss, before)

    assert rule_of(session, TEMPORARY) == before
    assert events_of(session, Action.RETENTION_CHANGE) == []


def test_of_two_administrators_the_second_sees_first_what_the_first_did(session, boss):
    seen = rule_of(session, TEMPORARY)
    change(session, boss, seen, keep_days=60)
    session.commit()

    with pytest.raises(RuleChanged, match="nothing was changed"):
        change(session, boss, seen, keep_days=90)

    assert rule_of(session, TEMPORARY).keep_days == 60


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("keep_days", 0),
        ("keep_days", 36_526),
        ("restore_days", 0),
        ("restore_days", 3_651),
    ],
)
def test_days_out_of_bounds_are_refused_and_the_rule_stands(session, boss, name, days):
    before = rule_of(session, TEMPORARY)

    with pytest.raises(InvalidInput, match="1 to") as refusal:
        change(session, boss, before, **{name: days})

    assert refusal.value.property_name == name
    assert rule_of(session, TEMPORARY) == before


def test_without_a_fresh_passkey_no_rule_is_changed(session):
    boss = desk(session, method="code")
    before = rule_of(session, TEMPORARY)

    with pytest.raises(NotConfirmed):
        change(session, boss, before, keep_days=1)

    assert rule_of(session, TEMPORARY) == before


@pytest.mark.parametrize("role", NOT_ADMINS)
def test_nobody_but_an_administrator_changes_rules_or_looks(session, role):
    somebody = cast.act_as_somebody(role)
    before = rule_of(session, TEMPORARY)

    with pytest.raises(NotAllowed, match="how long documents are kept"):
        retention.change_rule(
            session, somebody, before, keep_days=1, restore_days=1, session_id=None
        )
    with pytest.raises(NotAllowed):
        retention.read_overview(session, somebody)
    with pytest.raises(NotAllowed):
        retention.list_holds(session, somebody)
    with pytest.raises(NotAllowed):
        retention.release_hold(session, somebody, uuid4(), session_id=None)
