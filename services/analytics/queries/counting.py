"""Counting a query: few are hidden as in figures, and its text is audited."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from sqlalchemy.dialects.postgresql import psycopg2
from sqlalchemy.orm import Session

from services.analytics.cohorts import (
    Dimension,
    UndisclosedAnswer,
    tables,
)
from services.analytics.cohorts.classes import use_clock
from services.analytics.cohorts.statements import PATIENT_SHIFT, select_population
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import CellMembers
from services.analytics.figures import FigureCell, FigureMeasure, protecting, quantities
from services.analytics.figures.protecting import (
    protect_distributions,
    protect_numbers,
)
from services.analytics.joined_conditions import (
    Condition,
    DecidedByFew,
    is_decided_by_few,
    unions_by_bit,
    variations,
)
from services.analytics.members import Members, members_of, union_of
from services.analytics.queries import statements
from services.analytics.queries.attributes import attributes_of_query
from services.analytics.queries.executing import run_within_limit
from services.analytics.queries.model import (
    CountSpec,
    DistributionSpec,
    Query,
    QueryRefused,
)
from services.analytics.queries.results import CountedCells
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.sentences import Sentence

_DIALECT: Final = psycopg2.PGDialect_psycopg2()  # type: ignore[no-untyped-call]


def count(
    session: Session,
    actor: Actor,
    query: Query,
    *,
    now: datetime,
    smallest_group: int,
) -> UndisclosedAnswer[CountedCells]:
    """Count a query by the clinic's clock, hiding numbers of too few patients.

    The answer may be shown once `disclose` has checked it against earlier disclosures.
    Raises DecidedByFew, QueryTakesTooLong, InvalidInput, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    details = {"sql": query.text}
    # A refusal after the query ran depends on the data, so it is recorded who ran it.
    with audit.recording_outcome(session, actor, Action.QUERY_RUN, details=details):
        use_clock(session, now)
        counted = query.counted
        compiled = _compiled(counted)
        rows = run_within_limit(session, str(compiled), compiled.params)
        everybody: int = session.execute(select_population()).scalar_one()
        k = smallest_group
        shown = (
            _numbers(counted, rows, everybody, k)
            if counted.distribution is None
            else _count_distributions(counted, counted.distribution, rows, everybody, k)
        )
        return UndisclosedAnswer(
            question=_question(counted, compiled, k),
            answer=CountedCells(shown.cells, k, now, shown.unit),
            groups=shown.patients,
            population=None,
            smallest_group=k,
            events=shown.facts,
            attribute_sets=(attributes_of_query(counted),)
            * (len(shown.patients) or len(shown.facts)),
        )


@dataclass(frozen=True, slots=True)
class _DisclosedNumbers:
    """What is disclosed: cells, their patients or facts, and the unit of values."""

    cells: tuple[FigureCell, ...] = ()
    patients: tuple[Members, ...] = ()
    facts: tuple[Members, ...] = ()
    unit: str = ""


def _numbers(
    counted: CountSpec, rows: Sequence[tuple[Any, ...]], everybody: int, k: int
) -> _DisclosedNumbers:
    groups_read = _groups_of(counted, rows)
    is_of_events = counted.measure is FigureMeasure.EVENTS
    if is_of_events:
        _require_not_too_many(len(each.counted) for each in groups_read.values())
    groups = tables.collapse_rare(counted.by, groups_read, k)
    cells, members = _protected(counted, groups, everybody, k)
    shown = _disclosed_cells(cells)
    _require_disclosed_cells(counted, shown, k)
    if is_of_events:
        return _DisclosedNumbers(shown, facts=members)
    return _DisclosedNumbers(shown, patients=members)


def _protected(
    counted: CountSpec,
    groups: Mapping[Key, CellMembers],
    everybody: int,
    k: int,
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    """Return the numbers of groups, and the members of those that are disclosed.

    Nobody and few in a group make no difference to the others: a total is another
    question, and `disclose` checks what it discloses against these. Where conditions
    are joined, the total would be another question about which few decide, so there it
    is treated as disclosed.
    """
    is_of_events = counted.measure is FigureMeasure.EVENTS
    has_whole = not is_of_events and counted.joined is not None
    whole = _everybody_in(groups)
    return protect_numbers(
        groups,
        k,
        is_of_events=is_of_events,
        is_partition=has_whole and _is_partition(counted),
        whole_of=(lambda _: len(whole)) if has_whole else None,
        outside=max(everybody - len(whole), 0),
        is_decided_by_few=lambda each: _do_few_decide(counted, each, k),
    )


def _require_disclosed_cells(
    counted: CountSpec, shown: Sequence[FigureCell], k: int
) -> None:
    """Raise DecidedByFew if nothing is disclosed and conditions are joined.

    Whatever the reason: an answer without rows would distinguish few from nobody, since
    few hide the others with them. And where there are few, few decide.
    """
    if counted.joined is not None and not shown:
        raise DecidedByFew(k)


def _do_few_decide(counted: CountSpec, groups: CellMembers, k: int) -> bool:
    """Return whether few decide about what is disclosed of a group."""
    is_of_patients = counted.measure is FigureMeasure.PATIENTS
    return is_decided_by_few(
        groups.by_variation, k, patient_shift=0 if is_of_patients else PATIENT_SHIFT
    )


def _groups_of(
    counted: CountSpec, rows: Sequence[tuple[Any, ...]]
) -> Mapping[Key, CellMembers]:
    """Return who is in each group, its events, and who is with a condition replaced.

    Where patients are counted, they are also the counted members.
    """
    width = len(counted.by)
    if counted.joined is None:
        # Without groups there is one row, even if nobody is in it.
        return {
            tuple(row[:width]): CellMembers(members_of(row[width]), members_of(row[-1]))
            for row in rows
            if row[width] is not None
        }
    number = _number_of_variations(counted.joined)
    classes: dict[Key, list[tuple[Any, ...]]] = {}
    for row in rows:
        classes.setdefault(tuple(row[:width]), []).append(row[width:])
    groups: dict[Key, CellMembers] = {}
    for key, some in classes.items():
        [patients] = unions_by_bit(((bits, members_of(h)) for bits, h, *_ in some), 1)
        met = unions_by_bit(((bits, members_of(h)) for bits, *_, h in some), number)
        groups[key] = CellMembers(patients, met[0], by_variation=met)
    return groups


def _number_of_variations(condition: Condition) -> int:
    """Return how many bits a signature has: the answer's, and two per joined one."""
    return 1 + len(variations(condition))


def _count_distributions(
    counted: CountSpec,
    of: DistributionSpec,
    rows: Sequence[tuple[Any, ...]],
    everybody: int,
    k: int,
) -> _DisclosedNumbers:
    units = _groups_by_unit(counted, rows)
    _require_not_too_many(
        len(each.patients) for measured in units.values() for each in measured.values()
    )
    of_units = (
        _distributions_in_unit(
            counted, of, measured, unit=unit, everybody=everybody, k=k
        )
        for unit, measured in units.items()
    )
    shown = [distributions for distributions in of_units if distributions.cells]
    if len(shown) > 1:
        raise QueryRefused(
            Sentence(
                "These values are in several units, so they have no common mean. Ask "
                "for one term, whose unit is shown with the answer, or for one unit: "
                "WHERE unit = 'kg'."
            )
        )
    _require_disclosed_cells(
        counted, [cell for each in shown for cell in each.cells], k
    )
    return shown[0] if shown else _DisclosedNumbers()


def _groups_by_unit(
    counted: CountSpec, rows: Sequence[tuple[Any, ...]]
) -> Mapping[str, Mapping[Key, CellMembers]]:
    """Return the groups of each unit with their numbers, otherwise as `_groups_of`."""
    if counted.joined is None:
        return quantities.by_unit(rows)
    measured = quantities.by_unit(row[:-1] for row in rows if row[-1] is None)
    number = _number_of_variations(counted.joined)
    classes_by_place: dict[tuple[str, Key], list[tuple[int, Members]]] = {}
    for *values, unit, events, bits in rows:
        if bits is not None:
            place = (str(unit), tuple(values))
            classes_by_place.setdefault(place, []).append((bits, members_of(events)))
    units: dict[str, dict[Key, CellMembers]] = {}
    for (unit, key), some in classes_by_place.items():
        own = measured.get(unit, {}).get(key, CellMembers.empty())
        met = unions_by_bit(some, number)
        units.setdefault(unit, {})[key] = replace(own, by_variation=met)
    return units


def _distributions_in_unit(
    counted: CountSpec,
    of: DistributionSpec,
    measured: Mapping[Key, CellMembers],
    *,
    unit: str,
    everybody: int,
    k: int,
) -> _DisclosedNumbers:
    """Return what is disclosed of one unit, as if WHERE had named it.

    So the units that others are measured in decide nothing about it.
    """
    groups = tables.collapse_rare(counted.by, measured, k)
    cells, _ = _protected(counted, groups, everybody, k)
    distributions, patients, facts = protect_distributions(
        of.quantity, cells, groups, k, is_partition=_is_partition(counted)
    )
    return _DisclosedNumbers(_disclosed_cells(distributions), patients, facts, unit)


def _disclosed_cells(cells: Sequence[FigureCell]) -> tuple[FigureCell, ...]:
    """Return the disclosed cells; that the others exist is not disclosed.

    So there are no gaps to fill, and cells of few do not decide whether there are too
    many.
    """
    shown = tuple(cell for cell in cells if cell.number is not None)
    if len(shown) > tables.MOST_CELLS:
        raise QueryRefused(
            Sentence(
                "There are more than {most:,} groups. Narrow the query with WHERE, or "
                "group by fewer columns.",
                most=tables.MOST_CELLS,
            )
        )
    return shown


def _require_not_too_many(sizes: Iterable[int]) -> None:
    if protecting.are_too_many_events(sizes):
        raise QueryRefused(
            Sentence(
                "There are more than {most:,} events. Narrow the query with WHERE, to "
                "a shorter period or to fewer terms.",
                most=protecting.MOST_EVENTS,
            )
        )


def _compiled(counted: CountSpec) -> Any:
    return statements.select_counted(counted).compile(
        dialect=_DIALECT, compile_kwargs={"render_postcompile": True}
    )


def _is_partition(counted: CountSpec) -> bool:
    """Return whether each patient is in one group at most."""
    return set(counted.by) <= {Dimension.SEX}


def _everybody_in(groups: Mapping[Key, CellMembers]) -> Members:
    """Return the whole of which each number is a part."""
    return union_of([each.patients for each in groups.values()])


def _question(counted: CountSpec, compiled: Any, k: int) -> str:
    """Return a name for what is counted, equal for equal questions however shown.

    It includes the dimensions, some of which have the same text.
    """
    parts = [str(compiled), compiled.params, counted.by, counted.measure]
    return json.dumps(["query", *parts, k], sort_keys=True, default=str)
