"""The commonest terms of the whole clinic, each with a number that may be shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from db.models.care import DisclosedAnswer, DisclosedGroup
from services.analytics import cohorts, figures
from services.analytics.cohorts import Cohort, CohortEvent, EventKind
from services.analytics.cohorts.disclosure import REMEMBERED_FOR
from services.analytics.figures.facets import CACHED_FOR
from services.core.actors import Role
from services.core.errors import NotAllowed
from tests.kit import cast
from tests.services.analytics.cohorts.test_counting import DAY, NOW, diagnosed, person

K = 5
GOUT = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")


@pytest.fixture
def ill(session):
    """Nine have gout, one of them later; six asthma, three rabies, ten are well."""
    for term, number in (("Gout", 8), ("Asthma", 6), ("Rabies", 3)):
        for _ in range(number):
            diagnosed(session, person(session), term=term)
    diagnosed(session, person(session), DAY + timedelta(1), term="gout of the knee")
    for _ in range(10):
        person(session)


@pytest.fixture
def disclose(session, analyst):
    def disclose(kind=EventKind.DIAGNOSIS):
        undisclosed = figures.count_facets(
            session, analyst, kind, now=NOW, smallest_group=K
        )
        facets = figures.disclose_facets(session, analyst, undisclosed)
        return [(facet.words, facet.patients) for facet in facets]

    return disclose


@pytest.fixture
def count(session, analyst):
    def count(event):
        cohort = Cohort(entry=event)
        counted = cohorts.count(session, analyst, cohort, now=NOW, smallest_group=K)
        cohort_counts = cohorts.disclose(session, analyst, counted)
        return cohort_counts.attrition[0].remaining.number

    return count


@pytest.mark.usefixtures("ill")
def test_the_commonest_come_first_and_few_are_left_out(disclose):
    assert disclose() == [("Gout", 9), ("Asthma", 6)]
    assert disclose(EventKind.MEDICATION) == []


def test_the_eight_that_most_patients_have_come_however_often_these_had_it(
    session, disclose
):
    terms = {f"Illness {number}": K + 1 + number for number in range(8)}
    for term, number in (terms | {"Cold": K}).items():
        for _ in range(number):
            patient = person(session)
            # As many events as any other has, from the fewest patients.
            for day in range(4 if term == "Cold" else 1):
                diagnosed(session, patient, DAY + timedelta(day), term=term)

    assert disclose() == sorted(terms.items(), key=lambda each: -each[1])


def test_of_as_many_the_first_word_comes_first_as_most_write_it(session, disclose):
    for term, number in (("GOUT", 2), ("gout", 4), ("Gout", 2), ("Asthma", 8)):
        for _ in range(number):
            diagnosed(session, person(session), term=term)
    for _ in range(10):
        person(session)

    assert disclose() == [("Asthma", 8), ("gout", 8)]


@pytest.mark.usefixtures("ill")
def test_a_rule_with_these_words_finds_as_many(disclose, count):
    [(words, patients), *_] = disclose()

    assert count(replace(GOUT, words=words)) == patients


@pytest.mark.parametrize("others", [0, 4, 5])
def test_words_that_all_but_few_have_are_left_out(session, disclose, others):
    for _ in range(8):
        diagnosed(session, person(session), term="Gout")
    for number in range(others):
        diagnosed(session, person(session), term=f"Rarity {number}")
    for _ in range(10):
        person(session)

    assert disclose() == ([("Gout", 8)] if others == K else [])


def test_who_has_the_words_is_nobody_elses_whole(session, disclose, count):
    """All who came from a day on had gout, so a count of them would tell who had it."""
    for term, number, days in (("Gout", 8, 30), ("Asthma", 9, 0)):
        for _ in range(number):
            diagnosed(session, person(session), DAY + timedelta(days), term=term)
    late = CohortEvent(kind=EventKind.DIAGNOSIS, since=DAY + timedelta(1))
    assert ("Gout", 8) in disclose()

    with pytest.raises(cohorts.RevealsFew):
        count(late)


@pytest.mark.usefixtures("ill")
def test_nothing_is_taken_from_them_that_leaves_few(disclose, count):
    disclose()

    with pytest.raises(cohorts.RevealsFew):
        count(replace(GOUT, until=DAY))


@pytest.mark.usefixtures("ill")
def test_what_would_tell_of_few_beside_earlier_counts_is_left_out(disclose, count):
    assert count(replace(GOUT, until=DAY)) == 8

    assert disclose() == [("Asthma", 6)]


@pytest.mark.usefixtures("ill")
def test_whoever_opens_what_was_told_before_has_asked_once(session, disclose, count):
    for words in ("gout", "asthma"):
        count(replace(GOUT, words=words))

    assert len(disclose()) == 2
    noted = DisclosedAnswer.answer.has_key("refused_to")
    assert len(session.scalars(select(DisclosedAnswer.digest).where(noted)).all()) == 1


@pytest.mark.usefixtures("ill")
def test_whoever_comes_since_does_not_show(session, disclose):
    before = disclose()
    diagnosed(session, person(session), term="Asthma")

    assert disclose() == before


@pytest.fixture
def disclose_cached(session):
    """Returns the facets stored some time ago, which another analyst sees uncounted."""
    jonas = cast.add_actor(session, cast.JONAS)

    def disclose_cached(after=timedelta(0), smallest_group=K):
        facets = figures.disclose_known_facets(
            session,
            jonas,
            EventKind.DIAGNOSIS,
            now=NOW + after,
            smallest_group=smallest_group,
        )
        return facets and [(facet.words, facet.patients) for facet in facets]

    return disclose_cached


@pytest.mark.usefixtures("ill")
def test_what_was_counted_is_told_to_others_for_an_hour(
    session, disclose, disclose_cached
):
    assert disclose_cached() is None
    before = disclose()
    for _ in range(K):
        diagnosed(session, person(session), term="Asthma")

    assert disclose_cached(CACHED_FOR) == before
    assert disclose_cached(CACHED_FOR + timedelta(seconds=1)) is None
    assert disclose_cached(smallest_group=K - 1) is None
    assert disclose() == [("Asthma", 6 + K), ("Gout", 9)] == disclose_cached()


@pytest.mark.usefixtures("ill")
def test_what_is_told_again_is_remembered_as_what_is_new(
    session, disclose, disclose_cached
):
    disclose()
    days = REMEMBERED_FOR - timedelta(1)
    for table in (DisclosedGroup, DisclosedAnswer):
        session.execute(update(table).values(disclosed_at=func.now() - days))

    assert disclose_cached()

    is_new = DisclosedGroup.disclosed_at == func.now()
    assert set(session.scalars(select(is_new))) == {True}


@pytest.mark.usefixtures("ill")
def test_where_nothing_may_be_told_it_is_counted_each_time(
    session, disclose_cached, analyst
):
    figures.disclose_facets(session, analyst, ())

    assert disclose_cached() is None


def test_only_analysts_ask(session):
    for role in Role:
        actor = cast.act_as_somebody(role)
        if role is Role.ANALYST:
            continue
        with pytest.raises(NotAllowed):
            figures.count_facets(
                session, actor, EventKind.VISIT, now=NOW, smallest_group=K
            )
        with pytest.raises(NotAllowed):
            figures.disclose_facets(session, actor, ())
        with pytest.raises(NotAllowed):
            figures.disclose_known_facets(
                session, actor, EventKind.VISIT, now=NOW, smallest_group=K
            )
