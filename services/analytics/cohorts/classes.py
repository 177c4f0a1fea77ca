"""The patients of a cohort, in classes that its counts tell apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import numpy as np
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from services.analytics.cohorts import statements, tables
from services.analytics.cohorts.inference import Members, members_of
from services.analytics.cohorts.model import Cohort


@dataclass(frozen=True, slots=True)
class PatientClass:
    """Patients alike in what a cohort is split by and in how many steps they passed.

    `varied` is how many they passed in each variation.
    """

    values: tuple[str, ...]
    passed: int
    members: Members
    varied: tuple[int, ...] = ()


def read_classes(
    session: Session, cohort: Cohort, now: datetime
) -> tuple[PatientClass, ...]:
    """Read the patients of a cohort, in classes that its counts tell apart."""
    use_clock(session, now)
    width = len(cohort.split_by)
    statement = statements.classes(cohort, with_variations=True)
    classes = []
    for row in session.execute(statement):
        passed, _, members, *varied = row[width:]
        values = tuple(row[:width])
        classes.append(PatientClass(values, passed, members_of(members), tuple(varied)))
    return tuple(classes)


def find_remaining(session: Session, cohort: Cohort, now: datetime) -> tuple[UUID, ...]:
    """Return who remains of a cohort, for who may know and writes it down."""
    use_clock(session, now)
    patient_ids = tuple(session.scalars(statements.remaining(cohort)))
    # What is read next in this transaction tells its times as ever.
    session.execute(text("SET LOCAL TimeZone TO DEFAULT"))
    return patient_ids


def use_clock(session: Session, now: datetime) -> None:
    """Have the days of visits be those of the clinic's clock in this transaction."""
    zone = str(now.tzinfo or UTC)
    session.execute(select(func.set_config("TimeZone", zone, True)))


def groups_of(
    cohort: Cohort, classes: Sequence[PatientClass], smallest_group: int
) -> Mapping[tuple[str, ...], tables.Groups]:
    """Return who came in and who remains, by what a cohort is split by."""
    inside: dict[tuple[str, ...], list[PatientClass]] = {}
    for each in classes:
        inside.setdefault(each.values, []).append(each)
    last = len(cohort.steps)
    groups = {
        key: tables.Groups(
            members_of_all(some, 0),
            members_of_all(some, last),
            met=met_by(cohort, some, last),
        )
        for key, some in inside.items()
    }
    return tables.complete(
        cohort.split_by, groups, smallest_group, number_met=number_met(cohort)
    )


def members_of_all(classes: Sequence[PatientClass], passed: int) -> Members:
    """Return who of the classes passed at least so many steps."""
    return _members([each.members for each in classes if each.passed >= passed])


def met_by(
    cohort: Cohort,
    classes: Sequence[PatientClass],
    passed: int,
    *,
    is_alone: bool | None = None,
) -> tuple[Members, ...]:
    """Return who passed so many steps, and who in each variation of one of these.

    Of all variations, or with `is_alone` of those that are such alone. Without any
    there is nothing that few could decide, and it is empty.
    """
    varied = [
        _members([each.members for each in classes if each.varied[place] >= passed])
        for place, variation in enumerate(statements.variations_of(cohort))
        if variation.step <= passed and is_alone in {None, variation.is_alone}
    ]
    return (members_of_all(classes, passed), *varied) if varied else ()


def number_met(cohort: Cohort) -> int:
    """Return how many groups `met_by` returns for the last step."""
    number = len(statements.variations_of(cohort))
    return number + 1 if number else 0


def _members(parts: Sequence[Members]) -> Members:
    return np.sort(np.concatenate(parts)) if parts else np.empty(0, dtype=np.int64)
