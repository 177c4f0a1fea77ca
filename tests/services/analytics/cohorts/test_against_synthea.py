"""Cohorts over Synthea's own files match plain Python's counts in them, row by row."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import pytest

from db.postgres import DatabaseIdentity
from services.analytics import cohorts
from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    EventKind,
    Rule,
    Window,
    WindowSide,
    statements,
)
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.demo.importing import records
from services.patients.records.model import Sex, years_lived
from tests.kit import cast
from tests.services.demo.importing.conftest import (  # noqa: F401 - fixtures
    database,
    engine,
    rejects,
    shared_database,
    take_over,
)
from tests.services.demo.importing.test_real_synthea import SYNTHEA

pytestmark = pytest.mark.skipif(
    not (SYNTHEA / "patients.csv").exists(), reason=f"no Synthea data in {SYNTHEA}"
)

FILES = {
    EventKind.DIAGNOSIS: ("conditions.csv", records.condition, ()),
    EventKind.MEDICATION: ("medications.csv", records.medication, ()),
    EventKind.ALLERGY: ("allergies.csv", records.allergy, ("SYSTEM",)),
}
HYPERTENSION = CohortEvent(kind=EventKind.DIAGNOSIS, words="hypertension")
GROWN = replace(HYPERTENSION, from_age=20, to_age=60)
DRUG = Rule(event=CohortEvent(kind=EventKind.MEDICATION), within=Window(1825))
BY_QUARTER_AND_SEX = (Dimension.QUARTER, Dimension.SEX)
COHORTS = {
    "women and men, a drug within five years": Cohort(
        entry=GROWN, steps=((DRUG,),), split_by=BY_QUARTER_AND_SEX
    ),
    "none before": Cohort(
        entry=HYPERTENSION,
        sexes=(Sex.FEMALE,),
        steps=((replace(DRUG, has=False, within=Window(365, WindowSide.BEFORE)),),),
        split_by=(Dimension.AGE_BAND, Dimension.YEAR),
    ),
    "by code, twice or allergic": Cohort(
        entry=CohortEvent(
            kind=EventKind.DIAGNOSIS, code="444814009", since=date(2010, 1, 1)
        ),
        steps=(
            (
                Rule(
                    event=CohortEvent(kind=EventKind.MEDICATION, words="amoxi"), times=2
                ),
                Rule(event=CohortEvent(kind=EventKind.ALLERGY)),
            ),
            (
                Rule(
                    event=CohortEvent(kind=EventKind.DIAGNOSIS, words="pneumonia"),
                    has=False,
                ),
            ),
        ),
        split_by=BY_QUARTER_AND_SEX,
    ),
    "as a whole": Cohort(
        entry=CohortEvent(kind=EventKind.MEDICATION, words="simvastatin", to_age=80),
        steps=((DRUG,), (Rule(event=HYPERTENSION),)),
    ),
}


@dataclass(frozen=True)
class Happened:
    """An event on a line of the files."""

    day: date
    term: str
    code: str
    age: int


def read(name):
    with (SYNTHEA / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


class PlainPython:
    """Answers the same questions from the lines of the files."""

    def __init__(self):
        people = read("patients.csv")
        self.sexes = {
            p["Id"]: {"F": "female", "M": "male"}[p["GENDER"]] for p in people
        }
        self.born = {p["Id"]: date.fromisoformat(p["BIRTHDATE"]) for p in people}
        self.events = {kind: self._events(*of) for kind, of in FILES.items()}

    def _events(self, name, read_line, more):
        events = defaultdict(set)
        for row in read(name):
            names = (*records.TERM_COLUMNS, *more)
            term = read_line(tuple(row[column] for column in names))
            if term is not None:
                age = years_lived(self.born[term.patient], term.since)
                happened = Happened(term.since, term.text.lower(), term.code, age)
                events[term.patient].add(happened)
        return events

    def rows(self, cohort):
        """Return the counts by the dimensions that the cohort is split by."""
        counted = defaultdict(lambda: [0] * (1 + len(cohort.steps)))
        for patient in self.sexes:
            first = self._first(patient, cohort)
            if first is None:
                continue
            numbers = counted[self._key(patient, first, cohort)]
            numbers[0] += 1
            for place, step in enumerate(cohort.steps, start=1):
                if not any(self._meets(patient, first, rule) for rule in step):
                    break
                numbers[place] += 1
        return {key: tuple(numbers) for key, numbers in counted.items()}

    def members(self, cohort):
        """Return who remains, each with the values the cohort is split by."""
        firsts = {each: self._first(each, cohort) for each in self.sexes}
        return {
            patient: self._key(patient, first, cohort)
            for patient, first in firsts.items()
            if first is not None
            and all(
                any(self._meets(patient, first, rule) for rule in step)
                for step in cohort.steps
            )
        }

    def _first(self, patient, cohort):
        if cohort.sexes and self.sexes[patient] not in cohort.sexes:
            return None
        matches = self._matches(patient, cohort.entry)
        return min(matches, key=lambda happened: happened.day, default=None)

    def _matches(self, patient, event):
        for happened in self.events[event.kind][patient]:
            named = [re.search(rf"(^| ){re.escape(event.words)}", happened.term)]
            named = [bool(event.words and named[0]), happened.code == event.code]
            if (event.words or event.code) and not any(named):
                continue
            if event.from_age is not None and happened.age < event.from_age:
                continue
            if event.to_age is not None and happened.age > event.to_age:
                continue
            if event.since is not None and happened.day < event.since:
                continue
            yield happened

    def _meets(self, patient, first, rule):
        number = 0
        for happened in self._matches(patient, rule.event):
            days = (happened.day - first.day).days
            if rule.within is not None:
                days = days if rule.within.side is WindowSide.AFTER else -days
                number += 1 <= days <= rule.within.days
            else:
                number += 1
        return (number >= rule.times) == rule.has

    def _key(self, patient, first, cohort):
        quarter = f"{first.day.year} Q{(first.day.month + 2) // 3}"
        band = first.age // 10 * 10
        values = {
            Dimension.SEX: self.sexes[patient],
            Dimension.QUARTER: quarter,
            Dimension.YEAR: str(first.day.year),
            Dimension.AGE_BAND: "90+" if band >= 90 else f"{band}–{band + 9}",
        }
        return tuple(values[dimension] for dimension in cohort.split_by)


def test_cohorts_are_what_plain_python_counts(take_over, database):  # noqa: F811
    take_over(SYNTHEA)
    plain = PlainPython()

    for name, cohort in COHORTS.items():
        rows = database.read(
            lambda session, each=cohort: session.execute(
                statements.select_classes(each)
            ).all(),
            after=database.write(
                lambda _: None, identity=DatabaseIdentity("system")
            ).lsn,
            identity=DatabaseIdentity("analyst"),
        ).value
        counted = defaultdict(lambda: [0] * 9)
        for *key, passed, number, _ in rows:
            for place in range(passed + 1):
                counted[tuple(key)][place] += number

        width = 1 + len(cohort.steps)
        counted = {key: tuple(numbers[:width]) for key, numbers in counted.items()}
        assert counted == plain.rows(cohort), name
        assert sum(numbers[-1] for numbers in counted.values()) > 0, name


def test_cohorts_side_by_side_are_what_plain_python_counts(take_over, database):  # noqa: F811
    take_over(SYNTHEA)
    plain, by = PlainPython(), (Dimension.AGE_BAND, Dimension.SEX)
    compared = (
        Cohort(entry=GROWN),
        Cohort(entry=replace(CohortEvent(kind=EventKind.MEDICATION), from_age=20)),
        Cohort(entry=replace(HYPERTENSION, words="viral sinusitis"), steps=((DRUG,),)),
    )
    analyst = cast.act_as_somebody(Role.ANALYST)
    everything = database.write(lambda _: None, identity=DatabaseIdentity("system"))

    counted = ActorDatabase(database, analyst).read(
        lambda session: cohorts.compare(
            session,
            analyst,
            compared,
            now=datetime(2026, 11, 25, tzinfo=UTC),
            smallest_group=5,
        ),
        after=everything.lsn,
    )
    comparison = counted.value.answer

    members = [plain.members(replace(cohort, split_by=by)) for cohort in compared]
    disclosed_shares = 0
    for cohort, theirs in zip(comparison.cohorts, members, strict=True):
        assert cohort.patients == len(theirs)
        for share in cohort.shares:
            number = sum(share.value in key for key in theirs.values())
            assert share.patients in {number, None}
            disclosed_shares += share.patients is not None
            if share.patients is not None:
                assert share.share == pytest.approx(number / len(theirs))
    assert disclosed_shares > 10
    for overlap in comparison.overlaps:
        first, second = members[overlap.first], members[overlap.second]
        assert overlap.patients in {len(first.keys() & second.keys()), None}
    assert any(overlap.patients for overlap in comparison.overlaps)
