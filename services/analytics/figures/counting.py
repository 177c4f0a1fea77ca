"""Counting a figure: small numbers are hidden, and the question is audited."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any, TypeVar

import numpy as np
from sqlalchemy.orm import Session

from services.analytics.cohorts import (
    Cohort,
    CohortEvent,
    Dimension,
    UndisclosedAnswer,
    statements,
    suppression,
    tables,
)
from services.analytics.cohorts.classes import (
    PatientClass,
    cell_members_of,
    members_by_variation,
    members_who_passed,
    read_classes,
    read_with_classes,
    resolve_event_terms,
    resolve_terms,
    use_clock,
)
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import CellMembers
from services.analytics.figures import quantities
from services.analytics.figures.model import (
    Chart,
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
    Quantity,
    validate,
)
from services.analytics.figures.proportions import (
    add_missing_parts,
    protect_proportions,
    unite_parts,
)
from services.analytics.figures.protecting import (
    disclosed_unit,
    protect_distributions,
    protect_numbers,
    require_not_too_many_events,
    without_undisclosed,
)
from services.analytics.figures.storing import to_json
from services.analytics.figures.wording import describe
from services.analytics.group_attributes import GroupAttributes
from services.analytics.joined_conditions import is_decided_by_few
from services.analytics.members import Members, distinct, hashes_of, union_of
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput

_Key = TypeVar("_Key", bound=tuple[object, ...])


@dataclass(frozen=True, slots=True)
class _Remaining:
    """Who remains in a cohort, and in each variation, where that matters.

    `sizes` are the number of patients of each sex and, under an empty key, of all.
    """

    sizes: Mapping[str, int]
    by_variation: tuple[Members, ...]


def count(
    session: Session,
    actor: Actor,
    figure: Figure,
    *,
    now: datetime,
    smallest_group: int,
) -> UndisclosedAnswer[FigureResult]:
    """Count a figure by the clinic's clock, hiding numbers of too few patients.

    The answer may be shown once `disclose` has checked it against earlier disclosures.
    It does not say how the figure is drawn: drawn otherwise it is the same answer, with
    the same time. Raises InvalidInput, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    validate(figure)
    figure = replace(figure, chart=Chart.AUTOMATIC)
    details = {"criteria": to_json(figure)}
    audit.record(session, actor, Action.COHORT_COUNT, details=details)
    if figure.measure is FigureMeasure.DISTRIBUTION:
        return _count_distribution(session, figure, now, smallest_group)
    is_partition = _is_partition(figure)
    remaining, groups = _read(session, figure, now, smallest_group)
    totals: tuple[FigureCell, ...] = ()
    if figure.numerator is not None:
        cells, members, attribute_sets = _proportions(
            figure, figure.numerator, groups, smallest_group
        )
    elif figure.measure is FigureMeasure.SHARE:
        patients = [each.patients for each in groups.values()]
        outside = _number_outside(session, patients, smallest_group)
        cells, members, attribute_sets = _shares(
            figure, groups, smallest_group, outside
        )
    else:
        counted = [each.counted for each in groups.values()]
        outside = (
            _number_outside(session, counted, smallest_group) if is_partition else 0
        )
        cells, members = _numbers(figure, groups, smallest_group, remaining, outside)
        if figure.totals:
            totals, summed = _totals(figure, groups, smallest_group, remaining)
            members += summed
        attribute_sets = (_attributes_of_members(figure),) * len(members)
    is_of_events = figure.counts_events
    cells, totals = without_undisclosed(figure.by, cells, totals)
    return UndisclosedAnswer(
        question=_question(figure, smallest_group),
        answer=FigureResult(
            figure, describe(figure), cells, smallest_group, now, totals
        ),
        groups=() if is_of_events else members,
        population=None,
        smallest_group=smallest_group,
        events=members if is_of_events else (),
        attribute_sets=attribute_sets,
    )


def _question(figure: Figure, k: int) -> str:
    return json.dumps(["figure", to_json(figure), k], sort_keys=True)


def _count_distribution(
    session: Session, figure: Figure, now: datetime, k: int
) -> UndisclosedAnswer[FigureResult]:
    """Return how a quantity is distributed over the patients of each group."""
    if figure.quantity is None:  # validate() has seen to that
        raise InvalidInput("quantity", "A distribution needs a quantity.")
    use_clock(session, now)
    cohort = resolve_terms(session, figure.cohort)
    event = figure.of and resolve_event_terms(session, figure.of)
    column = quantities.COLUMNS[figure.quantity]
    statement = statements.select_quantities(cohort, event, figure.by, column)
    rows, classes = read_with_classes(session, statement, cohort)
    remaining = _remaining(figure, classes)
    inside, outside = _split_by_remaining(figure.cohort, rows)
    unit, measured = quantities.in_commonest_unit(inside)
    others = {
        key: each.patients
        for key, each in quantities.by_unit(outside).get(unit, {}).items()
    }
    with_variations = _with_variations(measured, others, remaining.by_variation)
    number = len(remaining.by_variation)
    groups = tables.complete_table(
        figure.by, with_variations, k, number_of_variations=number
    )
    require_not_too_many_events(len(each.patients) for each in groups.values())
    cells, _ = _numbers(figure, groups, k, remaining)
    distributions, patients, facts = protect_distributions(
        figure.quantity, cells, groups, k, is_partition=figure.of is None
    )
    distributions, _ = without_undisclosed(figure.by, distributions)
    return UndisclosedAnswer(
        question=_question(figure, k),
        answer=FigureResult(
            figure,
            describe(figure),
            distributions,
            k,
            now,
            unit=disclosed_unit(unit, distributions),
        ),
        groups=patients,
        population=None,
        smallest_group=k,
        events=facts,
        attribute_sets=(_attributes_of_members(figure),) * len(patients),
    )


def _attributes_of_members(figure: Figure) -> GroupAttributes | None:
    """Return the attributes of members of each number; None if cells are by words."""
    _, remaining = tables.attributes_of_cells(figure.cohort, figure.by)
    if remaining is None or figure.of is None:
        return remaining
    return remaining | figure.of.attributes


def _read(
    session: Session, figure: Figure, now: datetime, k: int
) -> tuple[_Remaining, Mapping[Key, CellMembers]]:
    """Return who came in and who remains, or whose events there are and which.

    Also returns who remains in all, where patients may be in several groups or in none.
    """
    if _is_partition(figure):
        split = replace(figure.cohort, split_by=figure.by)
        groups = cell_members_of(split, read_classes(session, split, now), k)
        return _Remaining({}, ()), groups
    use_clock(session, now)
    cohort = resolve_terms(session, figure.cohort)
    event = resolve_event_terms(session, figure.of or figure.cohort.entry)
    select = partial(
        statements.select_events, cohort, event, figure.by, numerator=figure.numerator
    )
    if figure.counts_events and not cohort.steps:
        # How many patients remain is compared with numbers of patients only, and who of
        # them decides matters for rules only.
        statement = select(with_classes=False)
        rows: list[Sequence[Any]] = list(session.execute(statement))
        remaining = _Remaining({}, ())
    else:
        rows, classes = read_with_classes(session, select(), cohort)
        remaining = _remaining(figure, classes)
    inside, outside = _split_by_remaining(figure.cohort, rows)
    cells = {
        tuple(values): CellMembers(
            distinct(hashes_of(patients)), distinct(hashes_of(events))
        )
        for *values, patients, events in inside
    }
    if figure.numerator is not None:
        cells = add_missing_parts(cells)
    require_not_too_many_events(
        # The events of a numerator are those of its denominator, too.
        len(each.counted) * (2 if key[-1] is True else 1)
        for key, each in cells.items()
    )
    others = {
        tuple(values): distinct(hashes_of(patients)) for *values, patients, _ in outside
    }
    with_variations = _with_variations(cells, others, remaining.by_variation)
    if figure.numerator is not None:
        with_variations = unite_parts(with_variations)
    number = len(remaining.by_variation)
    return remaining, tables.complete_table(
        figure.by, with_variations, k, number_of_variations=number
    )


def _split_by_remaining(
    cohort: Cohort, rows: Sequence[Sequence[Any]]
) -> tuple[list[Sequence[Any]], list[Sequence[Any]]]:
    """Return the rows of those who remain, and of those who would in a variation."""
    if not cohort.steps:
        return list(rows), []
    return (
        [row[:-1] for row in rows if row[-1]],
        [row[:-1] for row in rows if not row[-1]],
    )


def _with_variations(
    cells: Mapping[_Key, CellMembers],
    others: Mapping[_Key, Members],
    by_variation: tuple[Members, ...],
) -> Mapping[_Key, CellMembers]:
    """Return cells with who is in each, and who would be in each variation.

    `others` are in a cell without remaining. Cells that have only such patients are not
    disclosed.
    """
    nobody = np.empty(0, dtype=np.int64)
    return {
        key: replace(
            groups,
            by_variation=tuple(
                np.intersect1d(
                    each,
                    union_of([groups.patients, others.get(key, nobody)]),
                    assume_unique=True,
                )
                for each in by_variation
            ),
        )
        for key, groups in cells.items()
    }


def _remaining(figure: Figure, classes: Sequence[PatientClass]) -> _Remaining:
    """Return who remains, from the classes of the cohort by sex."""
    is_of_others = figure.of is not None
    last = len(figure.cohort.steps)
    sizes = {"": len(members_who_passed(classes, last))}
    for sex in {each.values[0] for each in classes}:
        of_sex = [each for each in classes if each.values == (sex,)]
        sizes[sex] = len(members_who_passed(of_sex, last))
    return _Remaining(
        sizes if is_of_others else {},
        members_by_variation(figure.cohort, classes, last),
    )


def _shares(
    figure: Figure, groups: Mapping[Key, CellMembers], k: int, outside: int
) -> tuple[
    tuple[FigureCell, ...], tuple[Members, ...], tuple[GroupAttributes | None, ...]
]:
    """Return how many came in and remain, with each number's members and attributes."""
    sizes = {key: (len(g.patients), len(g.counted)) for key, g in groups.items()}
    suppress_remaining = {
        key for key, each in groups.items() if is_decided_by_few(each.by_variation, k)
    }
    suppress_both = tables.find_common_to_all(figure.by, groups, k)
    table = suppression.protect_table(
        sizes,
        k,
        outside=outside,
        suppress_remaining=suppress_remaining,
        suppress_both=suppress_both,
    )
    attribute_sets = tables.attributes_of_cells(figure.cohort, figure.by)
    disclosed = tables.disclosed_members(table, groups, attribute_sets)
    return (
        tuple(FigureCell(key, left, came) for key, (came, left) in table.items()),
        tuple(members for members, _ in disclosed),
        tuple(attributes for _, attributes in disclosed),
    )


def _proportions(
    figure: Figure, numerator: CohortEvent, groups: Mapping[Key, CellMembers], k: int
) -> tuple[
    tuple[FigureCell, ...], tuple[Members, ...], tuple[GroupAttributes | None, ...]
]:
    """Return proportions of events, with each number's events and attributes."""
    cells, wholes, counted = protect_proportions(
        groups,
        k,
        is_decided_by_few=lambda each: is_decided_by_few(each.by_variation, k),
    )
    attributes = _attributes_of_members(figure)
    more = None if attributes is None else attributes | numerator.attributes
    return (
        cells,
        wholes + counted,
        (attributes,) * len(wholes) + (more,) * len(counted),
    )


def _number_outside(session: Session, groups: Iterable[Members], k: int) -> int:
    """Return how many patients in daily use, a number that is known, are in no cell.

    From k on it does not matter how many they are, and they are not counted.
    """
    inside = sum(map(len, groups))
    there = session.execute(statements.select_population(inside + k)).scalar_one()
    return max(there - inside, 0)


def _numbers(
    figure: Figure,
    groups: Mapping[Key, CellMembers],
    k: int,
    remaining: _Remaining,
    outside: int = 0,
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    is_of_events = figure.measure is FigureMeasure.EVENTS
    is_partition = _is_partition(figure)
    return protect_numbers(
        groups,
        k,
        is_of_events=is_of_events,
        is_partition=is_partition,
        whole_of=None if is_of_events else _whole_of(figure, remaining),
        # Having a value of a vital sign means having been measured, which is no
        # illness.
        is_nobody_few=figure.quantity in {None, Quantity.AGE},
        suppressed=tables.find_common_to_all(figure.by, groups, k)
        if is_partition
        else (),
        outside=outside,
        is_decided_by_few=lambda each: is_decided_by_few(each.by_variation, k),
    )


def _is_partition(figure: Figure) -> bool:
    """Return whether each patient is in one cell; with events, some are in several."""
    return figure.of is None and not figure.counts_events


def _whole_of(figure: Figure, remaining: _Remaining) -> Callable[[Key], int] | None:
    """Return a function of how large a number would be if all who remain were in it.

    In a cell of a sex these are the patients of that sex. None where each patient is in
    one group.
    """
    if not remaining.sizes:
        return None
    place = figure.by.index(Dimension.SEX) if Dimension.SEX in figure.by else None
    return lambda key: remaining.sizes.get("" if place is None else key[place], 0)


def _totals(
    figure: Figure, groups: Mapping[Key, CellMembers], k: int, remaining: _Remaining
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    """Return the sums by each of two dimensions, and of all, as `_numbers` does.

    A patient who is in several groups of a line counts once in it.
    """
    lines: dict[Key, list[CellMembers]] = {}
    for (first, second), each in groups.items():
        for line in ((first, ""), ("", second), ("", "")):
            lines.setdefault(line, []).append(each)
    summed = {line: CellMembers.union(inside) for line, inside in lines.items()}
    cells: tuple[FigureCell, ...] = ()
    members: tuple[Members, ...] = ()
    # Each of these is a table of its own, whose total may be known.
    for is_total in ((False, True), (True, False), (True, True)):
        own = {
            line: each
            for line, each in summed.items()
            if tuple(not value for value in line) == is_total
        }
        more_cells, more_members = _numbers(figure, own, k, remaining)
        cells, members = cells + more_cells, members + more_members
    return cells, members
