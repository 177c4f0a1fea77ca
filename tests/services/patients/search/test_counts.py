"""Counts that take no longer than promised."""

import pytest
from sqlalchemy import insert, text

from db.models.patient import Patient
from services.core.errors import NotAllowed
from services.lists.counting import LIMIT_MILLISECONDS
from services.lists.criteria import Count, Criteria, Filter, Group, Operator
from services.patients import search
from tests.kit import acting, cast


@pytest.fixture
def crowd(session):
    """Ten thousand and a few patients."""
    ada = cast.identity_of(cast.ADA)
    session.execute(insert(Patient), [ada] * 10_003)


@pytest.fixture
def slow_fold(session, crowd):
    """Make every look at an address take a while, as in a really large table."""
    session.execute(text("ALTER FUNCTION fold(text) RENAME TO fold_at_once"))
    session.execute(
        text(
            "CREATE FUNCTION fold(text) RETURNS text LANGUAGE plpgsql IMMUTABLE STRICT "
            "AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN fold_at_once($1); END $$"
        )
    )


NOWHERE = Criteria(Group(members=(Filter("address", Operator.CONTAINS, "zz"),)))
ELSEWHERE = Criteria(Group(members=(Filter("address", Operator.NOT_EQUAL, "zz"),)))


def test_a_small_list_is_counted_exactly(session, clerk):
    assert search.count_patients(session, clerk, Criteria()) == Count(0)


def test_counting_stops_at_ten_thousand(session, clerk, crowd):
    count = search.count_patients(session, clerk, Criteria())

    assert count == Count(10_000, is_exact=False)
    assert str(count) == "over 10,000"


def test_ten_thousand_themselves_are_still_exact(session, clerk, crowd):
    session.execute(
        text("DELETE FROM patients WHERE id IN (SELECT id FROM patients LIMIT 3)")
    )

    assert search.count_patients(session, clerk, Criteria()) == Count(10_000)


def test_out_of_time_the_planner_guesses(session, clerk, slow_fold):
    session.execute(text("UPDATE patients SET address = 'Somewhere'"))

    count = search.count_patients(session, clerk, ELSEWHERE)

    assert count.is_estimate
    assert str(count).startswith("about ")


def test_after_a_count_that_ran_out_of_time_the_transaction_goes_on(
    session, clerk, slow_fold
):
    session.execute(text("UPDATE patients SET address = 'Somewhere'"))
    limit = session.scalar(text("SHOW statement_timeout"))

    assert search.count_patients(session, clerk, NOWHERE).is_estimate

    assert session.scalar(text("SHOW statement_timeout")) == limit
    assert session.scalar(text("SELECT count(*) FROM patients")) == 10_003


def test_a_failure_of_another_kind_is_not_hidden_by_a_guess(session, clerk):
    acting.run_as_owner(session)
    session.execute(text("ALTER TABLE patients RENAME COLUMN name_key TO gone"))

    with pytest.raises(Exception, match="name_key does not exist"):
        search.count_patients(session, clerk, Criteria(search="ada"))


def test_a_guess_does_not_look_precise():
    assert str(Count(238_412, is_exact=False, is_estimate=True)) == "about 240,000"
    assert str(Count(7, is_exact=False, is_estimate=True)) == "about 7"


def test_who_may_not_list_may_not_count(session, admin):
    with pytest.raises(NotAllowed):
        search.count_patients(session, admin, Criteria())


def test_the_limit_leaves_room_in_the_promised_time():
    assert LIMIT_MILLISECONDS <= 100
