"""The commonest words of a large clinic are counted before anybody asks for them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from db.models.care import DisclosedGroup, PreparedFacet
from jobs.analytics.preparing import prepare
from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.analytics.figures import prepared_facets
from services.core.actor_database import ActorDatabase
from services.core.errors import NotAllowed
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.analytics.cohorts.test_counting import diagnosed

NOW = datetime(2026, 11, 30, 8, tzinfo=UTC)
LATER = NOW + timedelta(minutes=40)
K = 5
ILL = [("Gout", 9), ("Asthma", 6)]


@pytest.fixture
def analyst(write):
    def fill(session):
        for term, number in (*ILL, ("Rabies", 3), ("", 10)):
            add(session, term, number)
        return cast.add_actor(session, cast.ANA)

    return write(fill)


def add(session, term, number):
    for _ in range(number):
        patient = cast.add_patient(session, cast.invent_patient())
        if term:
            diagnosed(session, patient, date(2026, 3, 4), term=term)


def work(database, *, now=NOW, large=1):
    prepare(database, now=lambda: now, smallest_group=K, large=large)


def open_facets(
    write, analyst, *, now=LATER, least=K
) -> Sequence[tuple[str, int]] | None:
    kind = EventKind.DIAGNOSIS
    facets = write(
        lambda session: figures.disclose_known_facets(
            session, analyst, kind, now=now, smallest_group=least
        )
    )
    return facets and [(facet.words, facet.patients) for facet in facets]


def number(write, table) -> int:
    counted = select(func.count()).select_from(table)
    return write(lambda session: session.scalar(counted))


def count(database, write, analyst, words):
    cohort = Cohort(entry=CohortEvent(kind=EventKind.DIAGNOSIS, words=words))
    undisclosed = (
        ActorDatabase(database, analyst)
        .read(lambda s: cohorts.count(s, analyst, cohort, now=LATER, smallest_group=K))
        .value
    )
    return write(lambda s: cohorts.disclose(s, analyst, undisclosed))


def count_anew(database, analyst, *, now):
    kind = EventKind.DIAGNOSIS
    return (
        ActorDatabase(database, analyst)
        .read(
            lambda s: figures.count_facets(s, analyst, kind, now=now, smallest_group=K)
        )
        .value
    )


def test_whoever_asks_first_gets_what_the_worker_counted(database, write, analyst):
    assert open_facets(write, analyst) is None

    work(database)

    assert open_facets(write, analyst) == ILL


def test_the_same_as_if_they_had_been_counted_for_this_person(database, write, analyst):
    work(database)
    counted = count_anew(database, analyst, now=NOW)
    expected = [(each.answer, each.question) for each in counted]
    prepared = write(
        lambda session: prepared_facets.find_prepared(
            session, EventKind.DIAGNOSIS, NOW, K
        )
    )

    assert [(each.answer, each.question) for each in prepared] == expected
    for before, now in zip(counted, prepared, strict=True):
        assert [list(group) for group in now.groups] == [
            list(group) for group in before.groups
        ]
        assert (now.population, now.attribute_sets, now.part_of) == (
            before.population,
            before.attribute_sets,
            before.part_of,
        )


def test_nothing_is_in_the_log_until_somebody_sees_it(database, write, analyst):
    work(database)
    assert number(write, PreparedFacet) == 2
    assert number(write, DisclosedGroup) == 0

    open_facets(write, analyst)

    assert number(write, DisclosedGroup) == 2
    assert len(write(lambda session: events_of(session, "cohort:count"))) == 1


def test_few_who_came_before_anybody_looked_do_not_show(database, write, analyst):
    """One more since the worker counted, and a colleague who has seen that."""
    work(database)
    write(lambda session: add(session, "Asthma", 1))
    count(database, write, analyst, "asthma")

    assert open_facets(write, analyst) is None
    # Nor is the rest disclosed: it is counted now, for whoever asked.
    assert number(write, DisclosedGroup) == 1


def test_they_are_good_for_an_hour_and_for_one_smallest_group(database, write, analyst):
    work(database)

    assert open_facets(write, analyst, now=NOW + timedelta(minutes=61)) is None
    assert open_facets(write, analyst, least=K + 1) is None


def test_the_next_count_replaces_them(database, write, analyst):
    work(database)
    write(lambda session: add(session, "Asthma", 9))

    work(database, now=LATER)

    assert open_facets(write, analyst) == [("Asthma", 15), ("Gout", 9)]
    assert number(write, PreparedFacet) == 2


def test_what_a_colleague_had_counted_since_comes_first(database, write, analyst):
    work(database)
    write(lambda session: add(session, "Asthma", 9))
    counted = count_anew(database, analyst, now=LATER)
    write(lambda session: figures.disclose_facets(session, analyst, counted))

    assert open_facets(write, analyst) == [("Asthma", 15), ("Gout", 9)]


def test_smaller_clinics_are_counted_when_somebody_asks(database, write, analyst):
    work(database, large=29)

    assert number(write, PreparedFacet) == 0
    assert open_facets(write, analyst) is None


def test_only_analysts_are_shown_them(database, write, analyst):
    work(database)
    desk = write(lambda session: cast.add_actor(session, cast.ROSA))

    with pytest.raises(NotAllowed):
        open_facets(write, desk)
