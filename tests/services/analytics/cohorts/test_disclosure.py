"""What analysts were shown is compared with what they ask next, in the whole clinic."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import array

from db.models.care import DisclosedAnswer, DisclosedGroup
from db.models.patient import Patient
from services.analytics import cohorts
from services.analytics.cohorts import Cohort, CohortEvent, Dimension, EventKind
from services.analytics.cohorts.disclosure import REMEMBERED_FOR
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.records.model import Sex
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import DAY, diagnosed, person

GOUT = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
K = 5


@pytest.fixture
def gouty(session):
    """Ten women and eleven men with gout, one more on another day, twenty without."""
    for sex, number in (("female", 10), ("male", 11)):
        for _ in range(number):
            diagnosed(session, person(session, sex=sex), term="Gout")
    late = person(session, sex="male")
    diagnosed(session, late, DAY + timedelta(30), term="Gout")
    for _ in range(20):
        person(session)
    return late


@pytest.fixture
def ask(session, analyst):
    def ask(cohort, actor=analyst, k=K, now=NOW):
        counted = cohorts.count(session, actor, cohort, now=now, smallest_group=k)
        return cohorts.disclose(session, actor, counted)

    return ask


def first_number(result):
    return result.attrition[0].remaining.number


ALL = Cohort(entry=GOUT)
ALL_BUT_ONE = Cohort(entry=replace(GOUT, until=DAY))


@pytest.mark.usefixtures("gouty")
def test_all_minus_all_but_one_is_refused_in_a_sentence_without_its_number(ask):
    assert first_number(ask(ALL)) == 22

    with pytest.raises(cohorts.RevealsFew, match="fewer than 5 patients") as refused:
        ask(ALL_BUT_ONE)

    assert not {"1", "21", "22"} & set(str(refused.value).replace(".", "").split())


@pytest.mark.usefixtures("gouty")
def test_two_analysts_who_put_their_counts_together_are_one(session, ask):
    ask(ALL)

    with pytest.raises(cohorts.RevealsFew):
        ask(ALL_BUT_ONE, cast.act_as_somebody(Role.ANALYST))


@pytest.mark.usefixtures("gouty")
def test_what_was_refused_is_not_held_against_anybody(session, ask):
    ask(ALL)
    with pytest.raises(cohorts.RevealsFew):
        ask(ALL_BUT_ONE)

    sizes = session.scalars(select(DisclosedGroup.size)).all()
    assert sizes == [22]


@pytest.mark.usefixtures("gouty")
def test_what_is_further_apart_is_told(ask):
    ask(ALL)

    women = ask(Cohort(entry=GOUT, sexes=(Sex.FEMALE,)))

    assert first_number(women) == 10


@pytest.mark.usefixtures("gouty")
def test_a_group_is_kept_once_however_often_it_is_told(session, ask):
    for _ in range(2):
        ask(ALL)
        ask(Cohort(entry=replace(GOUT, from_age=1), split_by=(Dimension.SEX,)))

    # All, women and men.
    assert session.scalar(select(func.count()).select_from(DisclosedGroup)) == 3


def test_a_question_that_few_have_changed_gets_its_earlier_answer(session, ask, gouty):
    earlier = ask(ALL)
    diagnosed(session, person(session), term="Gout")
    later = NOW + timedelta(days=1)

    assert ask(ALL, now=later) == earlier
    assert earlier.counted_at == NOW

    for _ in range(4):
        diagnosed(session, person(session), term="Gout")
    anew = ask(ALL, now=later)
    assert (first_number(anew), anew.counted_at) == (27, later)


@pytest.mark.parametrize("number", [0, 1, 4])
def test_as_of_when_it_is_does_not_say_whether_somebody_has_come(
    session, ask, gouty, number
):
    earlier = ask(ALL)
    for _ in range(number):
        diagnosed(session, person(session), term="Gout")

    for hours in (1, 2):
        assert ask(ALL, now=NOW + timedelta(hours=hours)) == earlier


@pytest.mark.usefixtures("gouty")
def test_an_answer_of_a_version_that_knew_fewer_fields_keeps_its_time(session, ask):
    earlier = ask(ALL)
    without = DisclosedAnswer.answer.op("#-")(array(["cohort", "entry_bounds"]))
    session.execute(update(DisclosedAnswer).values(answer=without))

    assert ask(ALL, now=NOW + timedelta(hours=1)) == earlier


def archive(session, patients):
    ids = [patient.id for patient in patients]
    archived = update(Patient).where(Patient.id.in_(ids))
    session.execute(archived.values(deleted_at=func.now()))


def test_a_small_number_keeps_its_answer_once_it_is_below_the_smallest(session, ask):
    """Suppressing it would reveal that somebody has left, perhaps only one."""
    patients = [person(session) for _ in range(30)]
    for patient in patients[:8]:
        diagnosed(session, patient, term="Gout")
    earlier = ask(ALL)

    archive(session, patients[:4])

    assert ask(ALL, now=NOW + timedelta(hours=1)) == earlier


def test_a_number_that_many_have_left_is_told_to_be_small(session, ask):
    patients = [person(session) for _ in range(30)]
    for patient in patients[:9]:
        diagnosed(session, patient, term="Gout")
    ask(ALL)

    archive(session, patients[:5])
    later = ask(ALL, now=NOW + timedelta(hours=1))

    assert later.attrition[0].remaining == cohorts.CohortCount(
        None, cohorts.SuppressionReason.FEW
    )


def test_who_was_counted_and_has_left_is_not_the_difference(session, ask, gouty):
    ask(ALL)
    session.execute(
        update(Patient).where(Patient.id == gouty.id).values(deleted_at=func.now())
    )

    with pytest.raises(cohorts.RevealsFew):
        ask(Cohort(entry=replace(GOUT, from_age=1)))


@pytest.mark.usefixtures("gouty")
def test_it_is_remembered_for_90_days(session, ask):
    ask(ALL)
    for table in (DisclosedGroup, DisclosedAnswer):
        old = func.now() - REMEMBERED_FOR - timedelta(hours=1)
        session.execute(update(table).values(disclosed_at=old))

    assert first_number(ask(ALL_BUT_ONE)) == 21
    assert session.scalars(select(DisclosedGroup.size)).all() == [21]


def let_pass(session, days):
    """Let so many days pass for all that was disclosed."""
    for table in (DisclosedGroup, DisclosedAnswer):
        before = table.disclosed_at - timedelta(days=days)
        session.execute(update(table).values(disclosed_at=before))


@pytest.mark.usefixtures("gouty")
def test_an_earlier_answer_is_remembered_for_90_days_from_when_it_was_told_again(
    session, ask
):
    earlier = ask(ALL)
    diagnosed(session, person(session), term="Gout")

    for weeks in range(1, 16):
        let_pass(session, days=7)
        assert ask(ALL, now=NOW + timedelta(weeks=weeks)) == earlier

    with pytest.raises(cohorts.RevealsFew):
        ask(ALL_BUT_ONE)


def test_only_who_may_count_is_told(session, ask, gouty, analyst):
    counted = cohorts.count(session, analyst, ALL, now=NOW, smallest_group=K)

    with pytest.raises(NotAllowed, match="count cohorts"):
        cohorts.disclose(session, cast.act_as_somebody(Role.STAFF), counted)


def test_a_small_number_that_grows_by_many_is_told_anew(session, ask):
    patients = [person(session) for _ in range(30)]
    for patient in patients[:8]:
        diagnosed(session, patient, term="Gout")
    ask(ALL)

    for patient in patients[8:14]:
        diagnosed(session, patient, term="Gout")

    assert first_number(ask(ALL, now=NOW + timedelta(hours=1))) == 14
