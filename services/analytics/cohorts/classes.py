"""The patients of a cohort, in the classes that its counts distinguish."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import numpy as np
from sqlalchemy import ARRAY, Executable, String, func, select, text
from sqlalchemy.orm import Session

from services.analytics.cohorts import statements, tables
from services.analytics.cohorts.model import Cohort, CohortEvent, EventByTerms
from services.analytics.members import Members, members_of

# Terms that are not chosen from a list may be nearly as many as the entries: going
# through them one by one then takes longer than matching patterns.
MOST_TERMS: Final = 5_000


@dataclass(frozen=True, slots=True)
class PatientClass:
    """Patients with the same split values, who passed the same number of steps.

    `passed_by_variation` is how many steps they passed in each variation.
    """

    values: tuple[str, ...]
    passed: int
    members: Members
    passed_by_variation: tuple[int, ...]


def read_classes(
    session: Session, cohort: Cohort, now: datetime
) -> tuple[PatientClass, ...]:
    """Read the patients of a cohort, in the classes that its counts distinguish."""
    use_clock(session, now)
    known = resolve_terms(session, cohort)
    statement = statements.select_classes(known, with_variations=True)
    width = len(cohort.split_by)
    return tuple(_class_of(row, width) for row in session.execute(statement))


def _class_of(row: Sequence[Any], width: int) -> PatientClass:
    passed, _, members, *varied = row[width:]
    return PatientClass(tuple(row[:width]), passed, members_of(members), tuple(varied))


def read_with_classes(
    session: Session, statement: Executable, cohort: Cohort
) -> tuple[list[Sequence[Any]], tuple[PatientClass, ...]]:
    """Read the rows of a statement, and the classes of its cohort by sex."""
    rows: list[Sequence[Any]] = []
    classes: list[PatientClass] = []
    width = statements.width_of_classes(cohort)
    for row in session.execute(statement):
        if row[-width] is None:
            rows.append(row[:-width])
        else:
            classes.append(_class_of(row[-width:], 1))
    return rows, tuple(classes)


def find_remaining(session: Session, cohort: Cohort, now: datetime) -> tuple[UUID, ...]:
    """Return who remains in a cohort; the caller checks and records the access."""
    use_clock(session, now)
    known = resolve_terms(session, cohort)
    patient_ids = tuple(session.scalars(statements.select_remaining(known)))
    # Later reads in this transaction use the default time zone again.
    session.execute(text("SET LOCAL TimeZone TO DEFAULT"))
    return patient_ids


def resolve_terms(session: Session, cohort: Cohort) -> Cohort:
    """Return the cohort with the terms of dated entries that match its words."""
    steps = tuple(
        tuple(
            replace(rule, event=resolve_event_terms(session, rule.event))
            for rule in step
        )
        for step in cohort.steps
    )
    return replace(
        cohort, entry=resolve_event_terms(session, cohort.entry), steps=steps
    )


def resolve_event_terms(session: Session, event: CohortEvent) -> CohortEvent:
    """Return the event with the terms of dated entries that match its words.

    Returns the event unchanged if its kind has no dated entries, or too many terms.
    """
    entries, words = statements.entries_of(event.kind), event.words.strip()
    if not (entries and words):
        return event
    terms = find_terms(session, entries, words)
    if terms is None:
        return event
    given = {field.name: getattr(event, field.name) for field in fields(CohortEvent)}
    return EventByTerms(**given, terms=terms)


def find_terms(session: Session, entries: str, words: str) -> tuple[str, ...] | None:
    """Return the terms of dated entries that match the words, in their folded form.

    As with patterns, words match from the beginning of a word on. A known term is found
    through an index at once, whereas a pattern is tested on each entry of the kind.
    Returns None if there are too many terms to go through.
    """
    terms = func.analytics.terms_of_entries(entries, MOST_TERMS, type_=ARRAY(String))
    known, sought = session.execute(select(terms, func.fold(words))).one()
    if known is None:
        return None
    return tuple(term for term in known if f" {sought}" in f" {term}")


def use_clock(session: Session, now: datetime) -> None:
    """Set the clinic's time zone in this transaction, so that visits have its days."""
    zone = str(now.tzinfo or UTC)
    session.execute(select(func.set_config("TimeZone", zone, True)))


def cell_members_of(
    cohort: Cohort, classes: Sequence[PatientClass], smallest_group: int
) -> Mapping[tuple[str, ...], tables.CellMembers]:
    """Return who came in and who remains, by what a cohort is split by."""
    inside: dict[tuple[str, ...], list[PatientClass]] = {}
    for each in classes:
        inside.setdefault(each.values, []).append(each)
    last = len(cohort.steps)
    groups = {
        key: tables.CellMembers(
            members_who_passed(some, 0),
            members_who_passed(some, last),
            by_variation=members_by_variation(cohort, some, last),
        )
        for key, some in inside.items()
    }
    return tables.complete_table(
        cohort.split_by,
        groups,
        smallest_group,
        number_of_variations=number_of_variation_groups(cohort),
    )


def members_who_passed(classes: Sequence[PatientClass], passed: int) -> Members:
    """Return the patients of the classes who passed at least `passed` steps."""
    return _members([each.members for each in classes if each.passed >= passed])


def members_by_variation(
    cohort: Cohort,
    classes: Sequence[PatientClass],
    passed: int,
    *,
    is_alone: bool | None = None,
) -> tuple[Members, ...]:
    """Return who passed `passed` steps, and who did in each variation of one of these.

    With `is_alone`, only the variations that are (or are not) alone are included.
    Without any variation there is nothing that few could decide, and the result is
    empty.
    """
    varied = [
        _members(
            [
                each.members
                for each in classes
                if each.passed_by_variation[place] >= passed
            ]
        )
        for place, variation in enumerate(statements.variations_of(cohort))
        if variation.step <= passed and is_alone in {None, variation.is_alone}
    ]
    return (members_who_passed(classes, passed), *varied) if varied else ()


def number_of_variation_groups(cohort: Cohort) -> int:
    """Return how many groups `members_by_variation` returns for the last step."""
    number = len(statements.variations_of(cohort))
    return number + 1 if number else 0


def _members(parts: Sequence[Members]) -> Members:
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
