"""Patients are found by their visits, by those who may see visits."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.core.actors import Scope
from services.core.errors import NotAllowed
from services.lists.criteria import Count, Criteria, Filter, Group, Operator
from services.lists.criteria.wording import sentence
from services.patients import search
from services.patients.search.fields import FIELDS, fields_for
from tests.kit import cast
from tests.services.visits import visit_samples

NOW = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)


def where(name: str, operator: Operator, typed) -> Criteria:
    return Criteria(Group(members=(Filter(name, operator, typed),)))


@pytest.fixture
def names(session, clerk):
    """Returns who is found: Ann was seen long ago, Bea last week, Cleo is to come."""
    dora = cast.add_doctor(session, name="Dóra Doctor").id
    emil = cast.add_doctor(session, name="Emil Eager").id
    ann, bea, cleo = (
        cast.add_patient(session, first_name=name, last_name="Smith").id
        for name in ("Ann", "Bea", "Cleo")
    )
    for doctor, patient, days, status in (
        (dora, ann, -400, "completed"),
        (dora, bea, -500, "completed"),
        (emil, bea, -7, "completed"),
        (dora, cleo, 7, "scheduled"),
        # A missed visit is no last visit, and a scheduled one in the past no next one.
        (emil, cleo, -3, "no-show"),
        (emil, ann, -1, "scheduled"),
    ):
        at = NOW + timedelta(days=days)
        visit_samples.visit(session, doctor, patient, at, status=status)

    def names(name: str, operator: Operator, typed) -> list[str]:
        page = search.list_patients(session, clerk, where(name, operator, typed))
        return [row.first_name for row in page.rows]

    return names


def test_who_was_not_seen_lately_is_found_by_the_last_visit(names):
    year_ago = f"{NOW - timedelta(days=365):%Y-%m-%d}"

    assert names("last_visit", Operator.LESS_THAN, year_ago) == ["Ann"]
    assert names("last_visit", Operator.IN_THE_LAST, "2 weeks") == ["Bea"]
    assert names("last_visit", Operator.IS_EMPTY, True) == ["Cleo"]


def test_who_is_to_come_is_found_by_the_next_visit(names):
    tomorrow = f"{NOW + timedelta(days=1):%Y-%m-%d}"

    assert names("next_visit", Operator.GREATER_THAN, tomorrow) == ["Cleo"]
    assert names("next_visit", Operator.IS_EMPTY, True) == ["Ann", "Bea"]


def test_patients_are_found_by_a_doctor_who_has_seen_them(names):
    assert names("doctor", Operator.CONTAINS, "dora") == ["Ann", "Bea"]
    assert names("doctor", Operator.EQUAL, "emil eager") == ["Bea"]
    assert names("doctor", Operator.NOT_EQUAL, "Emil Eager") == ["Ann", "Cleo"]
    assert names("doctor", Operator.IS_EMPTY, True) == ["Cleo"]


def test_who_may_see_no_visits_asks_about_none(session, clerk):
    program = replace(clerk, scopes=frozenset({Scope.READ_PATIENTS}))
    criteria = where("last_visit", Operator.IS_EMPTY, True)

    assert not {"last_visit", "next_visit", "doctor"} & set(fields_for(program))
    with pytest.raises(NotAllowed, match="this token was made for less"):
        search.list_patients(session, program, criteria)
    both = replace(program, scopes=program.scopes | {Scope.READ_VISITS})
    assert search.list_patients(session, both, criteria).rows == ()


@pytest.mark.parametrize(
    ("criteria", "said"),
    [
        (where("last_visit", Operator.LESS_THAN, "2025"), "last seen before 2025"),
        (where("last_visit", Operator.IS_EMPTY, True), "never seen"),
        (where("next_visit", Operator.IN_THE_LAST, "2 days"), "expected in the last"),
        (where("doctor", Operator.CONTAINS, "dora"), "whose doctor contains “dora”"),
    ],
    ids=["before", "never", "next", "doctor"],
)
def test_the_sentence_says_it(criteria, said):
    assert said in sentence(criteria, FIELDS, Count(3))
