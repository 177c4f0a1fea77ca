"""Figures of a list."""

import re
from contextlib import closing
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest
from sqlalchemy import insert, text

from db.models.patient import Patient
from db.postgres import BEYOND, SYSTEM, Database
from services.core.actor_database import ActorDatabase
from services.core.errors import NotAllowed
from services.lists import queries
from services.lists.criteria import Criteria, Filter, Group, Kind, Operator
from services.patients import search
from services.patients.search import Bar, statistics
from services.patients.search.fields import FIELDS
from services.patients.search.pages import PATIENT_LISTS
from tests.kit import cast

NOW = datetime(2026, 11, 20, 10, tzinfo=UTC)
# A filter for a field of each kind.
COMPARED = {
    Kind.TEXT: (Operator.CONTAINS, "ada"),
    Kind.PHONE: (Operator.CONTAINS, "01632"),
    Kind.DATE: (Operator.LESS_THAN, "2001-01-01"),
    Kind.TIMESTAMP: (Operator.LESS_THAN, "2001-01-01"),
    Kind.AGE: (Operator.LESS_THAN, "40"),
    Kind.NUMBER: (Operator.LESS_THAN, "5"),
    Kind.YEAR: (Operator.LESS_THAN, "1980"),
    Kind.CHOICE: (Operator.EQUAL, "female"),
    Kind.FLAG: (Operator.EQUAL, True),
    Kind.LIST: (Operator.IS_EMPTY, True),
    Kind.ID: (Operator.EQUAL, str(uuid4())),
}
_SAMPLE = re.compile(r"public\.patients AS sample TABLESAMPLE .*? REPEATABLE \(0\)")
_LIMIT = re.compile(r"LIMIT 5000[01]")
EMPTY_BANDS = (
    *(Bar(f"{age}–{age + 9}", 0) for age in range(0, 90, 10)),
    Bar("90+", 0),
)


def people(session, *born, **more):
    rows = [
        {**cast.identity_of(cast.ADA), "date_of_birth": day, **more} for day in born
    ]
    session.execute(insert(Patient), rows)


EVERYBODY = Criteria()


def described(session, actor, criteria=EVERYBODY):
    return search.describe(session, actor, criteria, now=NOW)


def test_an_empty_list_has_empty_figures(session, clerk):
    assert described(session, clerk) == search.ListStatistics(
        0, EMPTY_BANDS, (), (), sampled=False
    )


def test_ages_change_bands_on_the_birthday(session, clerk):
    people(
        session,
        date(2016, 11, 21),
        date(2016, 11, 20),
        date(1936, 11, 21),
        date(1936, 11, 20),
        date(1906, 1, 1),
    )

    ages = {bar.label: bar.count for bar in described(session, clerk).ages if bar.count}

    assert ages == {"0–9": 1, "10–19": 1, "80–89": 1, "90+": 2}


def test_sexes_and_the_most_common_allergies_are_counted(session, clerk):
    born = date(1980, 1, 1)
    people(session, born, born, sex="male", allergies=["Latex", "Nuts"])
    people(session, born, sex="female", allergies=["Nuts"])
    people(session, born, sex="other", allergies=[f"Rare {n:02}" for n in range(20)])

    figures = described(session, clerk)

    assert figures.patients == 4
    assert figures.sexes == (Bar("female", 1), Bar("male", 2), Bar("other", 1))
    assert figures.allergies[:3] == (Bar("Nuts", 3), Bar("Latex", 2), Bar("Rare 00", 1))
    assert len(figures.allergies) == 10


def test_only_the_lists_own_patients_are_described(session, clerk):
    people(session, date(1980, 1, 1), sex="male")
    people(session, date(1980, 1, 1), sex="female")
    people(session, date(1980, 1, 1), sex="female", deleted_at=NOW)
    women = Criteria(Group(members=(Filter("sex", Operator.EQUAL, "female"),)))

    assert described(session, clerk, women).sexes == (Bar("female", 1),)


@pytest.fixture
def small_limit(monkeypatch):
    """Make two thousand patients too many to look at each."""
    monkeypatch.setattr(statistics, "MOST_DESCRIBED", 2_000)
    monkeypatch.setattr(statistics, "MOST_COUNTED", 2_000)
    holding_it = (queries._parse_criteria, statistics._of_all, statistics._of_sample)
    for cached in holding_it:
        cached.cache_clear()
    yield
    for cached in holding_it:
        cached.cache_clear()


def test_a_very_long_list_is_described_by_a_bounded_sample(session, clerk, small_limit):
    people(session, *[date(1980, 1, 1)] * 5_000, sex="male")
    people(session, *[date(1990, 1, 1)] * 5_000, sex="female")
    session.execute(text("ANALYZE patients"))

    figures = described(session, clerk)

    assert figures.sampled
    assert 0 < figures.patients <= 2_000


def test_a_planner_that_guesses_too_low_costs_a_sample_not_the_bound(
    session, clerk, small_limit
):
    people(session, *[date(1980, 1, 1)] * 100)
    session.execute(text("ANALYZE patients"))
    people(session, *[date(1980, 1, 1)] * 3_000, sex="male")
    men = Criteria(Group(members=(Filter("sex", Operator.EQUAL, "male"),)))

    figures = described(session, clerk, men)

    assert figures.sampled
    assert 0 < figures.patients <= 2_000


@pytest.mark.parametrize(
    "criteria",
    [
        *(
            Criteria(Group(members=(Filter(name, *COMPARED[field.kind]),)))
            for name, field in FIELDS.items()
        ),
        *(Criteria(search=typed) for typed in ("Ada 1980", "1632960983", str(uuid4()))),
        Criteria(archived=True),
    ],
    ids=[*FIELDS, "name", "number", "by id", "archived"],
)
def test_a_sample_is_asked_for_what_all_are_asked_for(session, clinician, criteria):
    shape = queries.prepare(session, clinician, PATIENT_LISTS, criteria, NOW).shape

    of_sample, samples = _SAMPLE.subn("patients", statistics._of_sample(shape))

    assert samples == 1
    assert _LIMIT.sub("", of_sample.replace("sample.", "patients.")) == _LIMIT.sub(
        "", statistics._of_all(shape)
    )


def test_a_sample_of_those_whom_others_decide_about_has_them(
    session, clerk, small_limit
):
    of_families = [
        {**cast.identity_of(cast.ADA), "email": f"family{number}@example.org"}
        for number in range(1_500)
    ]
    session.execute(insert(Patient), of_families * 2)
    people(session, *[date(1980, 1, 1)] * 100, email=None)
    session.execute(text("ANALYZE patients"))
    sharing = Criteria(Group(members=(Filter("shared_email", Operator.EQUAL, True),)))

    figures = described(session, clerk, sharing)

    assert figures.sampled
    assert 0 < figures.patients <= 2_000


@pytest.fixture
def crowded(endpoints, small_limit):
    """A database with too many patients, which shows each role what it may see.

    The tests above run as its owner. A role that may see everybody reads a view in
    place of the table, and PostgreSQL cannot sample a view.
    """
    with closing(Database(endpoints)) as database:
        born = [date(1980, 1, 1)] * 5_000
        database.write(lambda s: people(s, *born, sex="male"), identity=SYSTEM)
        yield database


def test_the_front_desk_is_shown_a_sample(crowded, clerk):
    figures = ActorDatabase(crowded, clerk).read(
        lambda session: described(session, clerk), after=BEYOND
    )

    assert figures.value.sampled
    assert 0 < figures.value.patients <= 2_000


def test_analysts_are_shown_a_sample(crowded, analyst):
    bars = ActorDatabase(crowded, analyst).read(
        lambda session: search.find_bars(session, analyst, EVERYBODY, now=NOW),
        after=BEYOND,
    )

    assert bars.value.sampled
    # Eight bytes for each of them.
    assert 0 < len(bars.value.members["sex", "male"]) <= 8 * 2_000


def test_who_may_not_list_learns_no_figures(session, admin):
    with pytest.raises(NotAllowed):
        described(session, admin)
