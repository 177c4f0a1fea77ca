"""A refusal to an analyst is an answer too, and refusals are limited."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, update

from db.models.care import DisclosedAnswer
from db.postgres import SYSTEM, Database
from services.analytics import cohorts
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    EventKind,
    comparing,
    disclosure,
)
from services.analytics.cohorts.disclosure import TooManyRefusals
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Role
from services.patients.records.model import Sex
from tests.kit import cast
from tests.kit.replicas import write_everywhere
from tests.services.analytics.cohorts.test_counting import DAY, diagnosed, person

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
GOUT = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")
ALL = Cohort(entry=GOUT)
WOMEN = Cohort(entry=GOUT, sexes=(Sex.FEMALE,))
LATE = 4


def until(days: int) -> Cohort:
    """Return the cohort of those who came in until this many days later."""
    return Cohort(entry=replace(GOUT, until=DAY + timedelta(days)))


@dataclass
class Clinic:
    """Twenty have had gout since a day, and one more each day after it."""

    database: Database
    analyst: Actor
    colleague: Actor

    def ask(self, cohort: Cohort, actor: Actor | None = None) -> int | None:
        """Return the number shown to the analyst, or to somebody else."""
        asks = actor or self.analyst

        def disclose(session):
            counted = cohorts.count(session, asks, cohort, now=NOW, smallest_group=5)
            return cohorts.disclose(session, asks, counted)

        result = ActorDatabase(self.database, asks).write(disclose).value
        return result.attrition[-1].remaining.number

    def refuse(self, cohort: Cohort) -> type[Exception]:
        """Return the type of the refusal of a question."""
        with pytest.raises(cohorts.RevealsFew) as refused:
            self.ask(cohort)
        return refused.type


@pytest.fixture
def clinic(endpoints, monkeypatch) -> Iterator[Clinic]:
    """A clinic in which a person may be refused twice."""
    monkeypatch.setattr(disclosure, "MOST_REFUSED", 2)

    def prepare(session):
        for number in range(30):
            patient = person(session, sex=("female", "male")[number % 2])
            if number < 20 + LATE:
                day = DAY + timedelta(max(0, number - 19))
                diagnosed(session, patient, day, term="Gout")
        return cast.add_actor(session, cast.ANA), cast.add_actor(session, Role.ANALYST)

    with closing(Database(endpoints)) as database:
        yield Clinic(database, *write_everywhere(database, prepare))


def test_whom_much_was_refused_is_told_nothing_new(clinic):
    assert clinic.ask(ALL) == 20 + LATE
    assert clinic.refuse(until(0)) is cohorts.RevealsFew
    assert clinic.refuse(until(1)) is cohorts.RevealsFew

    assert clinic.refuse(until(2)) is TooManyRefusals
    # Nor a harmless question: answering it would be an answer, too.
    assert clinic.refuse(WOMEN) is TooManyRefusals
    assert clinic.ask(ALL) == 20 + LATE
    assert clinic.ask(WOMEN, clinic.colleague) == 12


def test_cohorts_of_the_same_patients_are_refused_like_all_that_is_new(clinic):
    """Refusing one comparison differently from another would be an answer."""
    clinic.ask(ALL)
    assert clinic.refuse(until(0)) is cohorts.RevealsFew
    assert clinic.refuse(until(1)) is cohorts.RevealsFew
    everybody = Cohort(entry=GOUT, sexes=tuple(Sex))

    def compare(session):
        return comparing.compare(
            session, clinic.analyst, (ALL, everybody), now=NOW, smallest_group=5
        )

    with pytest.raises(TooManyRefusals):
        ActorDatabase(clinic.database, clinic.analyst).write(compare)


def test_the_same_question_counts_once_and_a_day_later_no_more(clinic):
    clinic.ask(ALL)
    for _ in range(3):
        assert clinic.refuse(until(0)) is cohorts.RevealsFew
    assert clinic.refuse(until(1)) is cohorts.RevealsFew
    assert clinic.refuse(WOMEN) is TooManyRefusals

    yesterday = func.now() - timedelta(days=1, minutes=1)
    refused = DisclosedAnswer.answer.has_key("refused_to")
    clinic.database.write(
        lambda s: s.execute(
            update(DisclosedAnswer).where(refused).values(disclosed_at=yesterday)
        ),
        identity=SYSTEM,
    )

    assert clinic.ask(WOMEN) == 12


def test_what_leaves_out_nobody_counts_as_what_is_refused(clinic):
    """Answered sweeps show that nobody is there, as refusals show that somebody is."""
    clinic.ask(ALL)
    for days in (LATE, LATE + 1):
        assert clinic.ask(until(days)) == 20 + LATE
    # The same question again does not count.
    assert clinic.ask(until(LATE)) == 20 + LATE

    assert clinic.refuse(until(LATE + 2)) is TooManyRefusals
    assert clinic.ask(until(LATE), clinic.colleague) == 20 + LATE
