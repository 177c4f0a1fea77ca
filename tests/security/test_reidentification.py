"""Known ways to identify somebody among the demo's people; each is stopped by a rule.

Each attack returns what it has found out. Without the rule that stops it, it is right.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.models.patient import ClinicalEntry, Patient
from db.postgres import Database
from services.analytics import cohorts, figures, pseudonymised_lists, queries
from services.analytics.cohorts import (
    Cohort,
    CohortCount,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    SuppressionReason,
    comparing,
    disclosure,
    suppression,
    tables,
)
from services.analytics.figures import Chart, Figure, FigureMeasure, proportions
from services.analytics.pseudonymised_lists import sizes
from services.analytics.queries import counting
from services.core.errors import NotAllowed
from services.demo.seeding import seed
from services.lists.criteria import Count, Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.search import exporting, pages
from services.patients.search.pages import PATIENT_LISTS
from services.patients.search.visibility import NAMED, PSEUDONYMISED
from tests.conftest import connect, owner
from tests.kit import cast
from tests.services.visits import visit_samples

K = 5
DAY = date(2025, 2, 10)
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
PEOPLE = 90
GOUT = CohortEvent(kind=EventKind.DIAGNOSIS, words="gout")
CHECK = CohortEvent(kind=EventKind.PROCEDURE, words="check-up")
QUINCE = Filter("allergies", Operator.HAS, "quince")
FEMALE = Filter("sex", Operator.EQUAL, "female")
FLU = CohortEvent(kind=EventKind.DIAGNOSIS, words="influenza")


@pytest.fixture(scope="module")
def demo(module_endpoints: Endpoints) -> Endpoints:
    """The demo's first people, without visits."""
    with closing(Database(module_endpoints)) as database:
        seed(database, patients=PEOPLE, visits=lambda _: None)
    return module_endpoints


@pytest.fixture
def session(demo) -> Iterator[Session]:
    engine = connect(owner(demo))
    with engine.connect() as connection:
        outer = connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            yield session
        outer.rollback()
    engine.dispose()


@pytest.fixture
def people(session):
    """The demo's people, the same in each run."""
    in_use = select(Patient).where(Patient.deleted_at.is_(None))
    return session.scalars(in_use.order_by(Patient.record_number)).all()


class Analyst:
    """An analyst who combines whatever is disclosed."""

    def __init__(self, session):
        self.session, self.actor = session, cast.add_actor(session, cast.ANA)

    def ask(self, cohort, now=NOW):
        counted = cohorts.count(
            self.session, self.actor, cohort, now=now, smallest_group=K
        )
        return cohorts.disclose(self.session, self.actor, counted)

    def cells(self, figure):
        """Return the disclosed numbers of a figure, by their values."""
        counted = figures.count(
            self.session, self.actor, figure, now=NOW, smallest_group=K
        )
        with suppress(cohorts.RevealsFew):
            result = cohorts.disclose(self.session, self.actor, counted)
            return {cell.values: cell.number for cell in result.cells if cell.number}
        return {}

    def sizes(self, *compared):
        """Return how many patients remain of each of several compared cohorts."""
        with suppress(cohorts.RevealsFew):
            counted = cohorts.compare(
                self.session, self.actor, compared, now=NOW, smallest_group=K
            )
            result = cohorts.disclose(self.session, self.actor, counted)
            return [cohort.patients for cohort in result.cohorts]
        return []

    def overlap(self, *compared):
        """Return how many patients are in both of two compared cohorts, or None."""
        with suppress(cohorts.RevealsFew):
            counted = cohorts.compare(
                self.session, self.actor, compared, now=NOW, smallest_group=K
            )
            result = cohorts.disclose(self.session, self.actor, counted)
            return result.overlaps[0].patients
        return None

    def number(self, cohort):
        """Return how many patients remain, or None if that is not disclosed."""
        with suppress(cohorts.RevealsFew):
            return self.ask(cohort).attrition[-1].remaining.number
        return None

    def sql(self, text):
        """Return the rows of a query, or None if they are refused."""
        query = queries.parse(text)
        with suppress(NotAllowed):
            counted = queries.count(
                self.session, self.actor, query, now=NOW, smallest_group=K
            )
            disclosed = cohorts.disclose(self.session, self.actor, counted)
            return queries.result_of(query, disclosed).rows
        return None

    def sum(self, *terms):
        """Add up counts, each with its factor; None if one of them is not disclosed."""
        numbers = [self.number(cohort) for _, cohort in terms]
        if None in numbers:
            return None
        factors = [factor for factor, _ in terms]
        return sum(f * number for f, number in zip(factors, numbers, strict=True))

    def commonest(self, kind):
        """Return the disclosed commonest words of a kind, with their numbers."""
        undisclosed = figures.count_facets(
            self.session, self.actor, kind, now=NOW, smallest_group=K
        )
        facets = figures.disclose_facets(self.session, self.actor, undisclosed)
        return {facet.words: facet.patients for facet in facets}

    def rows(self, *filters):
        """Return how many rows a list shows, or None if it shows none."""
        criteria = Criteria(Group(members=filters))
        kept = pseudonymised_lists.read_undisclosed(
            self.session,
            self.actor,
            criteria,
            lambda: search.list_patients(
                self.session,
                self.actor,
                criteria,
                size=PEOPLE,
                now=NOW,
                is_kept_back=True,
            ),
            now=NOW,
            smallest_group=K,
        )
        with suppress(NotAllowed):
            page = pseudonymised_lists.disclose_list(self.session, self.actor, kept)
            assert page.count is None or not page.count.is_few or page.rows is None
            return len(page.require_rows().rows)
        return None

    def bars(self, *filters):
        """Return the bars of a list's charts, by label."""
        answers = pseudonymised_lists.count_bars(
            self.session,
            self.actor,
            Criteria(Group(members=filters)),
            now=NOW,
            smallest_group=K,
        )
        cohort_counts = (
            cohorts.disclose(self.session, self.actor, answer)
            for answer in answers.values()
        )
        bars = ((*each.ages, *each.sexes, *each.allergies) for each in cohort_counts)
        return {bar.label: bar.count for each in bars for bar in each}

    def file(self, *filters):
        criteria = Criteria(Group(members=filters))
        pieces = search.export_csv(self.session, self.actor, criteria, now=NOW)
        return list(csv.DictReader(io.StringIO("".join(pieces))))


@pytest.fixture
def analyst(session):
    return Analyst(session)


def give(session, people, term, day=DAY, kind="condition"):
    for patient in people:
        entry = {"kind": kind, "term": term, "started_on": day, "ended_on": day}
        of = {"patient_id": patient.id, "source": "synthea", "source_key": uuid4()}
        session.add(ClinicalEntry(**entry, **of))
    session.flush()


def make_allergic(session, people):
    for patient in people:
        patient.allergies, patient.no_known_allergies = ["Quince"], False
    session.flush()


def differencing(analyst, people):
    """All minus all but one, whose gout began a day later."""
    give(analyst.session, people[:20], "Gout")
    give(analyst.session, people[20:21], "Gout", DAY + timedelta(1))
    return analyst.sum(
        (1, Cohort(entry=GOUT)), (-1, Cohort(entry=replace(GOUT, until=DAY)))
    )


def complement(analyst, people):
    """Everybody, whose number a list shows, minus those at the check-up."""
    give(analyst.session, people[2:], "Check-up", kind="procedure")
    everybody = search.count_patients(analyst.session, analyst.actor, Criteria()).value
    number = analyst.number(Cohort(entry=CHECK))
    return None if number is None else everybody - number


def tracker(analyst, people):
    """Gout or influenza, plus gout or no influenza, minus all, is gout."""
    give(analyst.session, people[:40], "Check-up", kind="procedure")
    give(analyst.session, people[:20], "Influenza")
    give(analyst.session, people[19:21], "Gout")
    flu, no_flu = Rule(event=FLU), Rule(event=FLU, has=False)
    gout = Rule(event=GOUT)
    return analyst.sum(
        (1, Cohort(entry=CHECK, steps=((gout, flu),))),
        (1, Cohort(entry=CHECK, steps=((gout, no_flu),))),
        (-1, Cohort(entry=CHECK)),
    )


def homogeneity(analyst, people):
    """All of a group have something, so each of them has."""
    give(analyst.session, people[:20], "Check-up", kind="procedure")
    give(analyst.session, people[:20], "Gout")
    return analyst.number(Cohort(entry=CHECK, steps=((Rule(event=GOUT),),)))


def homogeneity_of_a_table(analyst, people):
    """By words: if there are no others, each of them had these."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    every = Cohort(entry=CohortEvent(kind=EventKind.PROCEDURE))
    cells = analyst.cells(Figure(cohort=every, by=(Dimension.WORDS,)))
    whole = analyst.number(every)
    return whole if whole in cells.values() else None


def homogeneity_of_a_figure(analyst, people):
    """All of a group have something, by another measure than their share."""
    of_each_sex = (
        [each for each in people if each.sex == sex][:10] for sex in ("female", "male")
    )
    both = [patient for some in of_each_sex for patient in some]
    give(analyst.session, both, "Check-up", kind="procedure")
    give(analyst.session, both, "Gout")
    remaining = Cohort(entry=CHECK, steps=((Rule(event=GOUT),),))
    cells = analyst.cells(Figure(cohort=remaining, by=(Dimension.SEX,)))
    whole = analyst.number(Cohort(entry=CHECK))
    return whole if sum(cells.values()) == whole else None


def homogeneity_of_other_events(analyst, people):
    """All of a group have something, among the events that a figure counts."""
    women = [each for each in people if each.sex == "female"][:20]
    give(analyst.session, women, "Check-up", kind="procedure")
    give(analyst.session, women, "Gout")
    figure = Figure(cohort=Cohort(entry=CHECK), by=(Dimension.SEX,), of=GOUT)
    whole = analyst.number(Cohort(entry=CHECK))
    return whole if whole in analyst.cells(figure).values() else None


def homogeneity_in_another_order(analyst, people):
    """All with influenza have gout: the rule that excludes nobody comes first."""
    give(analyst.session, people[:40], "Check-up", kind="procedure")
    give(analyst.session, people[:30], "Gout")
    give(analyst.session, people[:20], "Influenza")
    flu, gout = ((Rule(event=event),) for event in (FLU, GOUT))
    some = analyst.number(Cohort(entry=CHECK, steps=(flu,)))
    both = analyst.number(Cohort(entry=CHECK, steps=(gout, flu)))
    return both if both == some else None


def homogeneity_side_by_side(analyst, people):
    """Two cohorts of the same size, one of which is a part of the other."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    every = CohortEvent(kind=EventKind.PROCEDURE)
    gout = replace(GOUT, kind=EventKind.PROCEDURE)
    sizes = analyst.sizes(Cohort(entry=every), Cohort(entry=gout))
    return sizes[0] if sizes and sizes[0] == sizes[1] else None


def make_alike(session, people):
    """Give people one sex and age, so that nothing else of a comparison is of few."""
    for patient in people:
        patient.sex, patient.date_of_birth = "female", date(1980, 1, 1)
    session.flush()


def homogeneity_of_overlaps(analyst, people):
    """In both of two cohorts are as many as in the first and those with gout of it."""
    make_alike(analyst.session, people)
    give(analyst.session, people[:40], "Check-up", kind="procedure")
    give(analyst.session, people[20:50], "Gout", kind="encounter")
    give(analyst.session, people[50:70], "Influenza", kind="encounter")
    came = Cohort(entry=CohortEvent(kind=EventKind.PROCEDURE))
    ill = CohortEvent(kind=EventKind.ENCOUNTER)
    whole = analyst.overlap(came, Cohort(entry=ill))
    gout = Cohort(entry=replace(ill, words="gout"))
    return whole if whole == analyst.overlap(came, gout) else None


def homogeneity_of_an_overlap(analyst, people):
    """Who came and was ill are as many as those who came and had gout."""
    make_alike(analyst.session, people)
    give(analyst.session, people[:40], "Check-up", kind="procedure")
    give(analyst.session, people[20:50], "Gout", kind="encounter")
    came = Cohort(entry=CohortEvent(kind=EventKind.PROCEDURE))
    ill = CohortEvent(kind=EventKind.ENCOUNTER)
    both = analyst.overlap(came, Cohort(entry=replace(ill, words="gout")))
    whole = analyst.number(replace(came, steps=((Rule(event=ill),),)))
    return whole if whole == both else None


def homogeneity_in_two_questions(analyst, people):
    """Those who came, and those who came with gout: both counts are the same."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    came = CohortEvent(kind=EventKind.PROCEDURE)
    whole = analyst.number(Cohort(entry=came))
    ill = analyst.number(Cohort(entry=replace(came, words="gout")))
    return whole if whole == ill else None


def homogeneity_the_other_way_round(analyst, people):
    """The same by shares: those with gout are counted first, then all by sex."""
    women = [each for each in people if each.sex == "female"][:20]
    give(analyst.session, women, "Gout", kind="procedure")
    came = CohortEvent(kind=EventKind.PROCEDURE)
    ill = analyst.number(Cohort(entry=replace(came, words="gout")))
    figure = Figure(cohort=Cohort(entry=came), by=(Dimension.SEX,))
    return ill if ill in analyst.cells(figure).values() else None


def homogeneity_of_a_difference(analyst, people):
    """In three: all who came, minus those who came earlier, are those with gout."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    earlier = DAY - timedelta(100)
    give(analyst.session, people[20:50], "Check-up", earlier, kind="procedure")
    came = CohortEvent(kind=EventKind.PROCEDURE)
    before = replace(came, until=DAY - timedelta(1))
    late = analyst.sum((1, Cohort(entry=came)), (-1, Cohort(entry=before)))
    ill = analyst.number(Cohort(entry=replace(came, words="gout")))
    return late if late == ill else None


def homogeneity_of_queries(analyst, people):
    """In SQL: a query, and the same with one more condition on what they have."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    whole = "SELECT count(DISTINCT patient_id) FROM procedures"
    return _alike(analyst, whole, f"{whole} WHERE term ILIKE 'gou%'")


def homogeneity_of_queries_with_exists(analyst, people):
    """In SQL: all with influenza have had gout as well."""
    for kind, term in (("procedure", "Gout"), ("condition", "Influenza")):
        give(analyst.session, people[:20], term, kind=kind)
    ill = "SELECT count(DISTINCT patient_id) FROM diagnoses d WHERE term = 'Influenza'"
    also = (
        "EXISTS (SELECT 1 FROM procedures p WHERE p.patient_id = d.patient_id"
        " AND p.term = 'Gout')"
    )
    return _alike(analyst, ill, f"{ill} AND {also}")


def homogeneity_of_queries_in_another_order(analyst, people):
    """In SQL: all with gout took something, which the second query puts first.

    Within its EXISTS the conditions are in another order, too.
    """
    give(analyst.session, people[:40], "Check-up", kind="procedure")
    for kind, term in (("condition", "Gout"), ("medication", "Quinine")):
        give(analyst.session, people[:20], term, kind=kind)
    came = "SELECT count(DISTINCT patient_id) FROM procedures p WHERE"
    ill = "SELECT 1 FROM diagnoses d WHERE d.patient_id = p.patient_id"
    ill_first = ill.replace("WHERE", "WHERE d.term = 'Gout' AND")
    took = "SELECT 1 FROM medications m WHERE m.patient_id = p.patient_id"
    return _alike(
        analyst,
        f"{came} EXISTS ({ill} AND d.term = 'Gout')",
        f"{came} EXISTS ({took} AND m.term = 'Quinine') AND EXISTS ({ill_first})",
    )


def homogeneity_of_events(analyst, people):
    """In SQL: as many events as events with gout."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    whole = "SELECT count(*) FROM procedures"
    return _alike(analyst, whole, f"{whole} WHERE term = 'Gout'")


def homogeneity_after_a_table(analyst, people):
    """In SQL: a table by words shows how many had gout, which is then asked by itself.

    All who came, minus those who came earlier, are as many.
    """
    _came_and_came_earlier(analyst, people)
    whole = "SELECT count(DISTINCT patient_id) FROM procedures"
    analyst.sql(whole.replace("SELECT", "SELECT term,") + " GROUP BY term")
    return _late_and_ill(analyst, whole)


def homogeneity_in_parts(analyst, people):
    """Those who came, and those who came with gout by sex: both parts add up to all."""
    for sex in ("female", "male"):
        some = [each for each in people if each.sex == sex][:10]
        give(analyst.session, some, "Gout", kind="procedure")
    came = CohortEvent(kind=EventKind.PROCEDURE)
    whole = analyst.number(Cohort(entry=came))
    gout = Cohort(entry=replace(came, words="gout"))
    cells = analyst.cells(Figure(cohort=gout, by=(Dimension.SEX,)))
    return whole if sum(cells.values()) == whole else None


def homogeneity_of_a_difference_of_events(analyst, people):
    """In SQL: all events, minus the earlier ones, are as many as those of gout."""
    _came_and_came_earlier(analyst, people)
    return _late_and_ill(analyst, "SELECT count(*) FROM procedures")


def homogeneity_of_the_commonest(analyst, people):
    """The commonest words of a kind, beside how many had any: all had the same."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    commonest = analyst.commonest(EventKind.PROCEDURE)
    whole = analyst.number(Cohort(entry=CohortEvent(kind=EventKind.PROCEDURE)))
    return whole if whole in commonest.values() else None


def _came_and_came_earlier(analyst, people):
    """Give twenty people gout, and thirty others a check-up a hundred days earlier."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    earlier = DAY - timedelta(100)
    give(analyst.session, people[20:50], "Check-up", earlier, kind="procedure")


def _late_and_ill(analyst, whole):
    """Return how many came late, if as many had gout and every count is disclosed."""
    questions = (
        whole,
        f"{whole} WHERE occurred_on < '{DAY}'",
        f"{whole} WHERE term = 'Gout'",
    )
    answers = [analyst.sql(text) for text in questions]
    if not all(answers):
        return None
    came, before, ill = (rows[0][0] for rows in answers)
    return ill if came - before == ill else None


def _alike(analyst, first, second):
    """Return the one number of two queries if both are disclosed and equal."""
    rows = analyst.sql(first), analyst.sql(second)
    return rows[0][0][0] if all(rows) and rows[0] == rows[1] else None


def homogeneity_of_lists(analyst, people):
    """All women are allergic: the list of women, and of the women who are."""
    make_allergic(analyst.session, [each for each in people if each.sex == "female"])
    women, allergic = analyst.rows(FEMALE), analyst.rows(FEMALE, QUINCE)
    return women if women == allergic else None


def small_cells(analyst, people):
    """The few men among many women, or all minus the women."""
    men = [each for each in people if each.sex == "male"][:3]
    women = [each for each in people if each.sex == "female"][:20]
    give(analyst.session, [*men, *women], "Gout")
    result = analyst.ask(Cohort(entry=GOUT, split_by=(Dimension.SEX,)))
    cells = {cell.values[0]: cell.entered for cell in result.cells}
    whole = result.attrition[0].remaining.number
    of_women = cells.get("female")
    return cells.get("male") or (of_women and whole - of_women)


def marginals(analyst, people):
    """All minus each of the large parts."""
    for place, (number, day) in enumerate(((8, 0), (8, 100), (3, 200))):
        some = people[place * 10 : place * 10 + number]
        give(analyst.session, some, "Gout", DAY + timedelta(day))
    parts = (
        replace(GOUT, until=DAY + timedelta(50)),
        replace(GOUT, since=DAY + timedelta(50), until=DAY + timedelta(150)),
    )
    return analyst.sum(
        (1, Cohort(entry=GOUT)), *((-1, Cohort(entry=part)) for part in parts)
    )


def repeated_question(analyst, people):
    """Ask again after somebody has left the consulting room."""
    give(analyst.session, people[:20], "Gout")
    before = analyst.number(Cohort(entry=GOUT))
    give(analyst.session, people[20:21], "Gout")
    return (analyst.number(Cohort(entry=GOUT)) - before) or None


def somebody_who_leaves(analyst, people):
    """Ask again after one of five is archived: the refusal now reveals that."""
    give(analyst.session, people[:5], "Gout")
    before = analyst.number(Cohort(entry=GOUT))
    people[0].deleted_at = NOW
    analyst.session.flush()
    after = analyst.number(Cohort(entry=GOUT))
    return 1 if before and after is None else None


def sliding_window(analyst, people):
    """Ten days, then ten days from tomorrow: as many left as came in.

    On the days that the two do not share, those are two persons.
    """
    for place, patient in enumerate(people[:30]):
        give(analyst.session, [patient], "Gout", DAY + timedelta(place))
    disclosed_days = []
    for first in range(5):
        since, until = DAY + timedelta(first), DAY + timedelta(first + 9)
        window = Cohort(entry=replace(GOUT, since=since, until=until))
        if analyst.number(window) is not None:
            disclosed_days.append(first)
    fewest = min((2 * (b - a) for a, b in pairwise(disclosed_days)), default=K)
    return fewest if fewest < K else None


def linkage(analyst, people):
    """A register of the town has names and years of birth: somebody matches a row."""
    town = [(p.first_name[0] + p.last_name[0], p.birth_year) for p in people]
    others = [letter * 2 for letter in "ABCDEFGHIJKL"]
    town += [(two, year) for two in others for year in {year for _, year in town}]
    by_initials, by_year = Counter(town), Counter(year for _, year in town)
    rows = search.list_patients(
        analyst.session, analyst.actor, Criteria(), size=PEOPLE
    ).rows
    fitting = (
        by_initials[row.first_name[0] + row.last_name[0], row.date_of_birth.year]
        if hasattr(row, "first_name")
        else by_year[row.birth_year]
        for row in rows
    )
    fewest = min(fitting)
    return fewest if fewest < K else None


def joined_exports(analyst, people):
    """Two files of other columns or days, joined by their first column."""
    everybody = analyst.file()
    women = analyst.file(Filter("sex", Operator.EQUAL, "female"))
    first = next(iter(everybody[0]))
    shared = {row[first] for row in everybody} & {row[first] for row in women}
    return len(shared) or None


def narrowed_list(analyst, people):
    """Filter the list until one is left."""
    make_allergic(analyst.session, people[:1])
    return analyst.rows(QUINCE)


def subtracted_lists(analyst, people):
    """The rows of all with something, minus those of all but one of another sex."""
    women = [each for each in people if each.sex == "female"][:20]
    man = next(each for each in people if each.sex == "male")
    make_allergic(analyst.session, (*women, man))
    counts = analyst.rows(QUINCE), analyst.rows(QUINCE, FEMALE)
    return None if None in counts else counts[0] - counts[1]


def list_and_cohort(analyst, people):
    """A cohort by its events, minus the list of those who have it in their history."""
    give(analyst.session, people[:21], "Gout", kind="procedure")
    for patient in people[:20]:
        patient.medical_history = ["Gout"]
    analyst.session.flush()
    gout = replace(GOUT, kind=EventKind.PROCEDURE)
    whole = analyst.number(Cohort(entry=gout))
    rows = analyst.rows(Filter("medical_history", Operator.HAS, "gout"))
    return None if None in {whole, rows} else whole - rows


def list_over_time(analyst, people):
    """Count the rows of a list again after somebody has left the consulting room."""
    make_allergic(analyst.session, people[:20])
    before = analyst.rows(QUINCE)
    make_allergic(analyst.session, people[20:21])
    after = analyst.rows(QUINCE)
    return None if None in {before, after} else after - before


def minute_of_registration(analyst, people):
    """Who was registered in the minute in which somebody was seen at the desk."""
    came = datetime(2024, 2, 29, 11, 11, tzinfo=UTC)
    people[0].created_at = came
    analyst.session.flush()
    until = (came + timedelta(minutes=1)).isoformat()
    span = (came.isoformat(), until)
    return analyst.rows(Filter("created_at", Operator.BETWEEN, span))


def bars_of_a_list(analyst, people):
    """The few men of a list in its charts, or all minus the women."""
    men = [each for each in people if each.sex == "male"][:3]
    women = [each for each in people if each.sex == "female"][:20]
    make_allergic(analyst.session, (*men, *women))
    whole, bars = analyst.rows(QUINCE), analyst.bars(QUINCE)
    return bars.get("male") or ("female" in bars and whole - bars["female"]) or None


def refusal_of_a_cohort(analyst, people):
    """Add one person to many: the refusal reveals that there is one."""
    give(analyst.session, people[:60], "Check-up", kind="procedure")
    give(analyst.session, people[:20], "Influenza")
    either = Cohort(entry=CHECK, steps=((Rule(event=FLU), Rule(event=GOUT)),))
    analyst.ask(Cohort(entry=CHECK, steps=((Rule(event=FLU),),)))

    def is_disclosed():
        with analyst.session.begin_nested() as attempt:
            number = analyst.number(either)
            attempt.rollback()
        return number is not None

    return _number_given_away(analyst, people[30:31], is_disclosed)


def refusal_of_a_query(analyst, people):
    """Ask in SQL for many, or for those with what the one person may have."""
    give(analyst.session, people[:20], "Influenza")
    give(analyst.session, people[40:60], "Asthma")
    many = "SELECT count(DISTINCT patient_id) FROM diagnoses WHERE term = 'Influenza'"
    analyst.sql(many)
    old = min(people[20:40], key=lambda patient: patient.birth_year)

    def is_disclosed():
        with analyst.session.begin_nested() as attempt:
            rows = analyst.sql(f"{many} OR term = 'Gout' AND sex = '{old.sex}'")
            attempt.rollback()
        return rows is not None

    return _number_given_away(analyst, [old], is_disclosed)


def _number_given_away(analyst, some, is_disclosed):
    """Return how many are revealed if an answer depends on their gout."""
    before = is_disclosed()
    give(analyst.session, some, "Gout")
    return len(some) if before and not is_disclosed() else None


def reason_of_a_cohort(analyst, people):
    """Add one person to four: the reason for withholding reveals if they are five."""
    give(analyst.session, people[:60], "Check-up", kind="procedure")
    give(analyst.session, people[:4], "Influenza")
    either = Cohort(entry=CHECK, steps=((Rule(event=FLU), Rule(event=GOUT)),))
    before = analyst.ask(either).attrition[-1].remaining
    give(analyst.session, people[30:31], "Gout")
    return 1 if analyst.ask(either).attrition[-1].remaining != before else None


def time_of_an_answer(analyst, people):
    """Ask again after a visit: the time of the answer reveals if anything changed."""
    give(analyst.session, people[:20], "Gout")
    analyst.ask(Cohort(entry=GOUT))
    later = NOW + timedelta(hours=1)

    def counted_at():
        return analyst.ask(Cohort(entry=GOUT), later).counted_at

    with analyst.session.begin_nested() as attempt:
        unchanged = counted_at()
        attempt.rollback()
    give(analyst.session, people[20:21], "Gout")
    return 1 if counted_at() != unchanged else None


def chart_of_an_answer(analyst, people):
    """Have a figure drawn otherwise after a visit: it is still the same question."""
    give(analyst.session, people[:20], "Gout")
    figure = Figure(cohort=Cohort(entry=GOUT), by=(Dimension.YEAR,))
    later = NOW + timedelta(hours=1)

    def counted_at(chart, now=later):
        counted = figures.count(
            analyst.session,
            analyst.actor,
            replace(figure, chart=chart),
            now=now,
            smallest_group=K,
        )
        return cohorts.disclose(analyst.session, analyst.actor, counted).counted_at

    counted_at(Chart.LINE, NOW)
    with analyst.session.begin_nested() as attempt:
        unchanged = counted_at(Chart.BARS)
        attempt.rollback()
    give(analyst.session, people[20:21], "Gout")
    return 1 if counted_at(Chart.BARS) != unchanged else None


def sexes_of_a_query(analyst, people):
    """The women of a query by sex: withholding them reveals that there is a man."""
    women = [each for each in people if each.sex == "female"][:20]
    man = next(each for each in people if each.sex == "male")
    give(analyst.session, women, "Gout", kind="procedure")
    sql = "SELECT sex, count(DISTINCT patient_id) FROM procedures GROUP BY sex"
    with analyst.session.begin_nested() as attempt:
        before = analyst.sql(sql)
        attempt.rollback()
    give(analyst.session, [man], "Gout", kind="procedure")
    return 1 if analyst.sql(sql) != before else None


DUE = CohortEvent(kind=EventKind.KEPT_OR_MISSED)
NO_SHOW = CohortEvent(kind=EventKind.NO_SHOW)
NO_SHOW_RATE = Figure(
    cohort=Cohort(entry=DUE),
    by=(Dimension.WEEKDAY,),
    measure=FigureMeasure.PROPORTION,
    numerator=NO_SHOW,
)
NO_SHOWS = Figure(
    cohort=Cohort(entry=NO_SHOW), by=(Dimension.YEAR,), measure=FigureMeasure.EVENTS
)


def schedule(analyst, people, missed, day=DAY, speciality="Cardiology"):
    """Give people a visit on a day, to which the first few do not come."""
    for place, each in enumerate(people):
        doctor = cast.add_doctor(analyst.session, speciality=speciality)
        starts_at = datetime.combine(day, time(9), UTC)
        status = "no-show" if place < missed else "completed"
        visit_samples.visit(
            analyst.session, doctor.id, each.id, starts_at, status=status
        )


def few_missed(analyst, people):
    """The numerator of a day on which three did not come."""
    schedule(analyst, people[:30], missed=10)
    schedule(analyst, people[30:60], missed=3, day=DAY + timedelta(1))
    return analyst.cells(NO_SHOW_RATE).get(("Tuesday",))


def few_kept(analyst, people):
    """The denominator of a day on which three came, minus its numerator."""
    schedule(analyst, people[:30], missed=10)
    schedule(analyst, people[30:60], missed=27, day=DAY + timedelta(1))
    missed = analyst.cells(NO_SHOW_RATE).get(("Tuesday",))
    return missed and 30 - missed


def few_missed_of_all(analyst, people):
    """All no-shows, minus the numerators of all other days."""
    schedule(analyst, people[:30], missed=10)
    schedule(analyst, people[30:60], missed=3, day=DAY + timedelta(1))
    schedule(analyst, people[60:], missed=12, day=DAY + timedelta(2))
    whole = analyst.cells(NO_SHOWS).get(("2025",))
    rates = analyst.cells(NO_SHOW_RATE)
    others = [rates.get((day,)) for day in ("Monday", "Wednesday")]
    return (whole and all(others) and whole - sum(others)) or None


def few_missed_by_totals(analyst, people):
    """The total of a pivot table, minus the numerator of one speciality."""
    schedule(analyst, people[:30], missed=10)
    schedule(analyst, people[30:60], missed=3, speciality="Neurology")
    by = (Dimension.WEEKDAY, Dimension.SEX)
    pivot = replace(NO_SHOWS, by=by, totals=True)
    counted = figures.count(
        analyst.session, analyst.actor, pivot, now=NOW, smallest_group=K
    )
    totals = cohorts.disclose(analyst.session, analyst.actor, counted).totals
    (whole,) = (each.number for each in totals if each.values == ("", ""))
    cardiology = Cohort(entry=replace(DUE, words="cardiology"))
    part = analyst.cells(replace(NO_SHOW_RATE, cohort=cardiology)).get(("Monday",))
    return part and whole - part


def missed_until_tomorrow(analyst, people):
    """The numerators until a day and until the next, on which one did not come."""
    schedule(analyst, people[:30], missed=10)
    schedule(analyst, people[30:50], missed=1, day=DAY + timedelta(1))
    by_year = replace(NO_SHOW_RATE, by=(Dimension.YEAR,))
    earlier, later = (
        Cohort(entry=replace(DUE, until=DAY + timedelta(days))) for days in range(2)
    )
    before = analyst.cells(replace(by_year, cohort=earlier)).get(("2025",))
    after = analyst.cells(replace(by_year, cohort=later)).get(("2025",))
    return after - before if before and after else None


def homogeneity_of_a_proportion(analyst, people):
    """All procedures were for gout, as the proportion of these says."""
    give(analyst.session, people[:20], "Gout", kind="procedure")
    came = CohortEvent(kind=EventKind.PROCEDURE)
    rate = replace(
        NO_SHOW_RATE,
        cohort=Cohort(entry=came),
        by=(Dimension.YEAR,),
        numerator=replace(came, words="gout"),
    )
    return analyst.cells(rate).get(("2025",))


def _tell_all(counts, _):
    return tuple(map(CohortCount, counts))


def _allow_subtraction(patch):
    patch.setattr(disclosure, "reveals_few", lambda *_: False)


def _let_few_decide(patch):
    for module in (cohorts.counting, counting, figures.counting):
        patch.setattr(module, "is_decided_by_few", lambda *_, **__: False)


def _tell_what_all_have(patch):
    patch.setattr(tables, "find_common_to_all", lambda *_: set())


def _tell_of_all_of_a_cohort(patch):
    patch.setattr(figures.counting, "_whole_of", lambda *_: None)


def _tell_what_two_questions_have_in_common(patch):
    patch.setattr(disclosure, "_reveals_common_attribute", lambda *_: False)
    patch.setattr(disclosure, "nested_groups", lambda *_: ())


def _in_two_questions(lift_rule):
    """Return what lifts a rule for one answer, and those for two answers as well."""

    def lift(patch):
        lift_rule(patch)
        _tell_what_two_questions_have_in_common(patch)

    return lift


def _tell_the_commonest(patch):
    patch.setattr(figures.commonest, "_do_all_have", lambda *_: False)


def _compare_equal_cohorts(patch):
    patch.setattr(comparing, "_are_any_the_same", lambda *_: False)


def _say_what_else_hides(patch):
    def counts(sizes, few_decide_joined, _, k):
        for size, is_joined in zip(sizes, few_decide_joined, strict=True):
            if size < k:
                yield CohortCount(None, SuppressionReason.FEW)
            elif is_joined:
                yield CohortCount(None, SuppressionReason.DECIDED_BY_FEW)
            else:
                yield CohortCount(size)

    patch.setattr(cohorts.counting, "_attrition_counts", counts)


def _tell_that_few_are_left(patch):
    patch.setattr(disclosure, "_reveals_departure", lambda *_: False)


def _tell_the_time(patch):
    patch.setattr(disclosure, "_keep_time_if_same", lambda _, answer, __: answer)


def _hide_what_others_leave(patch):
    protect = counting.protect_numbers
    patch.setattr(
        counting,
        "protect_numbers",
        lambda *groups, **more: protect(*groups, **more | {"is_partition": True}),
    )


def _allow_trackers(patch):
    _allow_subtraction(patch)
    _let_few_decide(patch)


def _show_every_step(patch):
    _allow_subtraction(patch)
    _let_few_decide(patch)
    patch.setattr(suppression, "protect_attrition", _tell_all)


def _show_every_cell(patch):
    _allow_subtraction(patch)
    patch.setattr(suppression, "protect_table", lambda counts, *_, **__: counts)


def _allow_subtraction_of_events(patch):
    patch.setattr(disclosure, "events_reveal_few", lambda *_: False)
    patch.setattr(disclosure, "_differ_in_few_events", lambda *_: False)


def _show_every_numerator(patch):
    _allow_subtraction_of_events(patch)
    patch.setattr(proportions, "_is_part_of_few", lambda *_: False)
    patch.setattr(proportions, "_with_enough_hidden", lambda shown, *_: shown)


def _hide_only_numerators_of_few(patch):
    _allow_subtraction_of_events(patch)
    patch.setattr(proportions, "_with_enough_hidden", lambda shown, *_: shown)


def _show_names(patch):
    named = replace(PATIENT_LISTS, scope_of=lambda _: NAMED)
    patch.setattr(pages, "PATIENT_LISTS", named)
    patch.setattr(pages, "visibility_of", lambda _: NAMED)


def _keep_ids_in_files(patch):
    with_ids = replace(PSEUDONYMISED, exported=("id", *PSEUDONYMISED.exported))
    listed = replace(PATIENT_LISTS, scope_of=lambda _: with_ids)
    patch.setattr(exporting, "PATIENT_LISTS", listed)


def _show_short_lists(patch):
    _allow_subtraction(patch)
    patch.setattr(sizes, "_count", lambda size, _: Count(size))


ATTACKS = {
    differencing: (1, _allow_subtraction),
    complement: (2, _allow_subtraction),
    tracker: (2, _allow_trackers),
    homogeneity: (20, _in_two_questions(_show_every_step)),
    homogeneity_of_a_table: (20, _tell_what_all_have),
    homogeneity_of_a_figure: (20, _in_two_questions(_let_few_decide)),
    homogeneity_of_other_events: (20, _in_two_questions(_tell_of_all_of_a_cohort)),
    homogeneity_in_another_order: (20, _in_two_questions(_let_few_decide)),
    homogeneity_side_by_side: (20, _in_two_questions(_compare_equal_cohorts)),
    homogeneity_of_overlaps: (20, _tell_what_two_questions_have_in_common),
    homogeneity_of_an_overlap: (20, _tell_what_two_questions_have_in_common),
    homogeneity_in_two_questions: (20, _tell_what_two_questions_have_in_common),
    homogeneity_the_other_way_round: (20, _tell_what_two_questions_have_in_common),
    homogeneity_of_a_difference: (20, _tell_what_two_questions_have_in_common),
    homogeneity_of_queries: (20, _tell_what_two_questions_have_in_common),
    homogeneity_of_queries_with_exists: (20, _tell_what_two_questions_have_in_common),
    homogeneity_of_queries_in_another_order: (
        20,
        _tell_what_two_questions_have_in_common,
    ),
    homogeneity_of_events: (20, _tell_what_two_questions_have_in_common),
    homogeneity_in_parts: (20, _tell_what_two_questions_have_in_common),
    homogeneity_after_a_table: (20, _tell_what_two_questions_have_in_common),
    homogeneity_of_a_difference_of_events: (
        20,
        _tell_what_two_questions_have_in_common,
    ),
    homogeneity_of_the_commonest: (20, _in_two_questions(_tell_the_commonest)),
    homogeneity_of_lists: (True, _tell_what_two_questions_have_in_common),
    homogeneity_of_a_proportion: (20, _in_two_questions(_show_every_numerator)),
    few_missed: (3, _show_every_numerator),
    few_kept: (3, _show_every_numerator),
    few_missed_of_all: (3, _hide_only_numerators_of_few),
    few_missed_by_totals: (3, _allow_subtraction_of_events),
    missed_until_tomorrow: (1, _allow_subtraction_of_events),
    small_cells: (3, _show_every_cell),
    marginals: (3, _allow_subtraction),
    repeated_question: (1, _allow_subtraction),
    somebody_who_leaves: (1, _tell_that_few_are_left),
    sliding_window: (2, _allow_subtraction),
    linkage: (1, _show_names),
    joined_exports: (True, _keep_ids_in_files),
    narrowed_list: (1, _show_short_lists),
    subtracted_lists: (1, _allow_subtraction),
    list_and_cohort: (1, _allow_subtraction),
    list_over_time: (1, _allow_subtraction),
    minute_of_registration: (1, _show_short_lists),
    bars_of_a_list: (3, _show_every_cell),
    refusal_of_a_cohort: (1, _let_few_decide),
    refusal_of_a_query: (1, _let_few_decide),
    reason_of_a_cohort: (1, _say_what_else_hides),
    time_of_an_answer: (1, _tell_the_time),
    chart_of_an_answer: (1, _tell_the_time),
    sexes_of_a_query: (1, _hide_what_others_leave),
}


def names(attack):
    return getattr(attack, "__name__", None)


@pytest.mark.parametrize("attack", ATTACKS, ids=names)
def test_nobody_is_found(attack, analyst, people):
    assert attack(analyst, people) is None


@pytest.mark.parametrize(("attack", "of"), ATTACKS.items(), ids=names)
def test_without_its_rule_an_attack_finds_them(attack, of, analyst, people):
    truth, lift_rule = of
    with pytest.MonkeyPatch.context() as patch:
        lift_rule(patch)
        identified = attack(analyst, people)

    assert identified == truth or (truth is True and identified > K)
