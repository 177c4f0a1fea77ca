"""An OMOP CDM in memory, in which OHDSI's Circe counts cohorts.

`duckcdm` has Circe for DuckDB. It shares no line and no database with Chartroom.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from itertools import count
from typing import Any

import pandas as pd
from duckcdm.circe import build_cohort_query
from duckcdm.omop import cdm_fields
from duckcdm.sqlrender import render
from duckcdm.webapi.sources import Source

from services.analytics.cohorts import Cohort, EventKind
from tests.services.analytics.omop import circe

# The observation period of everybody: Circe sees nothing outside it.
_ALWAYS = (date(1800, 1, 1), date(2199, 12, 31))


@dataclass(frozen=True, slots=True)
class Person:
    """A patient, as in a CDM."""

    id: Hashable
    sex: str
    born: date

    def birthday(self, age: int) -> date:
        """Return the day on which they reach this age.

        Where the year has no 29th of February, it is the 1st of March.
        """
        year = self.born.year + age
        with suppress(ValueError):
            return self.born.replace(year=year)
        return date(year, 3, 1)


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to a patient on a day."""

    patient: Hashable
    kind: EventKind
    day: date
    term: str = ""
    code: str = ""
    value: float | None = None


@dataclass(frozen=True, slots=True)
class Counted:
    """The members of a cohort, its attrition, and how many came in on which days."""

    members: frozenset[Hashable]
    attrition: tuple[int, ...]
    days: Mapping[tuple[str, ...], int]


def day_key(day: date) -> tuple[str, ...]:
    """Return what our counts show of a day: its month and its weekday."""
    return f"{day:%Y-%m}", f"{day:%A}"


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of events, and its columns."""

    name: str
    concept: str
    days: tuple[str, ...]


_OBSERVATIONS = _Table("observation", "observation_concept_id", ("observation_date",))
_TABLES = {
    "ConditionOccurrence": _Table(
        "condition_occurrence",
        "condition_concept_id",
        ("condition_start_date", "condition_end_date"),
    ),
    "DrugExposure": _Table(
        "drug_exposure",
        "drug_concept_id",
        ("drug_exposure_start_date", "drug_exposure_end_date"),
    ),
    "ProcedureOccurrence": _Table(
        "procedure_occurrence", "procedure_concept_id", ("procedure_date",)
    ),
    "Measurement": _Table(
        "measurement", "measurement_concept_id", ("measurement_date",)
    ),
    "Observation": _OBSERVATIONS,
    "VisitOccurrence": _Table(
        "visit_occurrence", "visit_concept_id", ("visit_start_date", "visit_end_date")
    ),
}


class Cdm:
    """An OMOP CDM of patients and their events."""

    def __init__(self, people: Iterable[Person], events: Iterable[Event]) -> None:
        self._people = dict(enumerate(people, start=1))
        self._concepts: dict[tuple[EventKind, str, str], int] = {}
        self._birthdays: set[int] = set()
        self._numbers = count(1)
        self._source = Source(1, "CLINIC", "Clinic", ":memory:", threads=1)
        self._cursor = self._source.cursor()
        for table, columns in cdm_fields().items():
            typed = ", ".join(f'"{name}" {of_type}' for name, of_type in columns)
            self._cursor.execute(f'CREATE TABLE "{table}" ({typed})')
        self._keep_people()
        self._keep_events(events)

    def close(self) -> None:
        """Close the database."""
        self._cursor.close()
        self._source.con.close()

    def count(self, cohort: Cohort) -> Counted:
        """Count a cohort with Circe."""
        for age in circe.ages_of(cohort) - self._birthdays:
            self._keep_birthdays(age)
        query = build_cohort_query(
            circe.define(cohort, self._concepts),
            cdm_schema="main",
            vocabulary_schema="main",
            result_schema="results",
            target_table="results.cohort",
            cohort_id=1,
            generate_stats=True,
        )
        self._source.execute_script(render(query), self._cursor)
        remaining = self._cursor.execute(
            "SELECT subject_id, cohort_start_date FROM results.cohort"
        ).fetchall()
        return Counted(
            frozenset(self._people[number].id for number, _ in remaining),
            self._attrition(len(cohort.steps), len(remaining)),
            Counter(day_key(day) for _, day in remaining),
        )

    def _attrition(self, steps: int, remaining: int) -> tuple[int, ...]:
        """Return how many passed each step, from the masks of the steps passed."""
        if not steps:
            return (remaining,)
        masks = self._cursor.execute(
            "SELECT inclusion_rule_mask, person_count "
            "FROM results.cohort_inclusion_result WHERE mode_id = 1"
        ).fetchall()
        firsts = [(1 << passed) - 1 for passed in range(steps + 1)]
        return tuple(
            sum(number for mask, number in masks if mask & first == first)
            for first in firsts
        )

    def _keep_people(self) -> None:
        people = [
            (number, circe.GENDERS[person.sex], person.born.year)
            for number, person in self._people.items()
        ]
        columns = ("person_id", "gender_concept_id", "year_of_birth")
        self._keep("person", columns, people)
        period = (
            "observation_period_id",
            "person_id",
            "observation_period_start_date",
            "observation_period_end_date",
        )
        always = [(number, number, *_ALWAYS) for number in self._people]
        self._keep("observation_period", period, always)

    def _keep_events(self, events: Iterable[Event]) -> None:
        numbers = {person.id: number for number, person in self._people.items()}
        by_table: dict[_Table, list[tuple[Any, ...]]] = {}
        for event in events:
            person, concept = numbers[event.patient], self._concept(event)
            row = (next(self._numbers), person, concept, event.value, event.day)
            by_table.setdefault(_TABLES[circe.CRITERIA[event.kind]], []).append(row)
        for table, rows in by_table.items():
            self._keep_rows(table, rows)
        named = [(number, term) for (_, term, _), number in self._concepts.items()]
        self._keep("concept", ("concept_id", "concept_name"), named)

    def _keep_birthdays(self, age: int) -> None:
        """Store as observations who reached which age, and when."""
        self._birthdays.add(age)
        self._keep("concept", ("concept_id",), [(circe.BIRTHDAY + age,)])
        rows = [
            (
                next(self._numbers),
                number,
                circe.BIRTHDAY + age,
                None,
                person.birthday(age),
            )
            for number, person in self._people.items()
        ]
        self._keep_rows(_OBSERVATIONS, rows)

    def _keep_rows(self, table: _Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Store events: number, person, concept, value, and day."""
        value = ("value_as_number",) if table.name == "measurement" else ()
        columns = (f"{table.name}_id", "person_id", table.concept, *value, *table.days)
        self._keep(
            table.name,
            columns,
            [
                (*row[:3], *row[3 : 3 + len(value)], *[row[4]] * len(table.days))
                for row in rows
            ],
        )

    def _keep(
        self, table: str, columns: Sequence[str], rows: Sequence[tuple[Any, ...]]
    ) -> None:
        self._cursor.register("arriving", pd.DataFrame(rows, columns=columns))
        self._cursor.execute(f"INSERT INTO {table} BY NAME FROM arriving")
        self._cursor.unregister("arriving")

    def _concept(self, event: Event) -> int:
        """Return the concept of an event: one for each term and code of a kind."""
        named = (event.kind, event.term, event.code)
        return self._concepts.setdefault(named, len(self._concepts) + 1)
