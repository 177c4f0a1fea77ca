"""A figure counted: small numbers hidden, and written down."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from services.analytics.cohorts import Untold, statements, suppression, tables
from services.analytics.cohorts.classes import (
    groups_of,
    members_of_all,
    read_classes,
    use_clock,
)
from services.analytics.cohorts.inference import Members, members_of
from services.analytics.cohorts.suppression import Key
from services.analytics.cohorts.tables import Groups
from services.analytics.figures.model import (
    Chart,
    Figure,
    FigureCell,
    FigureMeasure,
    FigureResult,
    validate,
)
from services.analytics.figures.storing import to_json
from services.analytics.figures.wording import describe
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import InvalidInput
from services.core.sentences import Sentence

_Told = Mapping[Key, tuple[int | None, int | None]]
# What is told of is kept on the primary, eight bytes for each of them.
MOST_EVENTS = 200_000


def count(
    session: Session,
    actor: Actor,
    figure: Figure,
    *,
    now: datetime,
    smallest_group: int,
) -> Untold[FigureResult]:
    """Count a figure by the clinic's clock; nothing of fewer patients is in it.

    It may be shown once `tell` has held it against what was told before. Raises
    InvalidInput, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    validate(figure)
    criteria = to_json(replace(figure, chart=Chart.ITSELF))
    audit.record(session, actor, Action.COHORT_COUNT, details={"criteria": criteria})
    groups = _read(session, figure, now, smallest_group)
    if figure.measure is FigureMeasure.SHARE:
        cells, told = _shares(figure, groups, smallest_group)
    else:
        whole = _remaining(session, figure, now)
        cells, told = _numbers(figure, groups, smallest_group, whole)
    is_of_events = figure.measure is FigureMeasure.EVENTS
    return Untold(
        question=json.dumps(["figure", criteria, smallest_group], sort_keys=True),
        answer=FigureResult(figure, describe(figure), cells, smallest_group, now),
        groups=() if is_of_events else told,
        population=None,
        smallest_group=smallest_group,
        events=told if is_of_events else (),
    )


def _read(
    session: Session, figure: Figure, now: datetime, k: int
) -> Mapping[Key, Groups]:
    """Return who came in and who remains, or whose events there are and which."""
    if figure.of is None and figure.measure is not FigureMeasure.EVENTS:
        split = replace(figure.cohort, split_by=figure.by)
        return groups_of(split, read_classes(session, split, now), k)
    use_clock(session, now)
    event = figure.of or figure.cohort.entry
    rows = session.execute(statements.events(figure.cohort, event, figure.by))
    found = {
        tuple(values): (members_of(patients), members_of(events))
        for *values, patients, events in rows
    }
    if sum(len(events) for _, events in found.values()) > MOST_EVENTS:
        raise InvalidInput(
            "of",
            Sentence(
                "These are more than {most:,} events. Count fewer: of a shorter time, "
                "or of a smaller cohort.",
                most=MOST_EVENTS,
            ),
        )
    return tables.complete(figure.by, found, k)


def _remaining(session: Session, figure: Figure, now: datetime) -> Members | None:
    if figure.of is None or figure.measure is FigureMeasure.EVENTS:
        return None
    classes = read_classes(session, figure.cohort, now)
    return members_of_all(classes, len(figure.cohort.steps))


def _shares(
    figure: Figure, groups: Mapping[Key, Groups], k: int
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    """Return how many came in and remain, and who is in each number that is told."""
    sizes = {key: (len(came), len(left)) for key, (came, left) in groups.items()}
    told = suppression.protect_table(sizes, k)
    shown = _without_ends(figure, told)
    return (
        tuple(FigureCell(key, left, came) for key, (came, left) in shown.items()),
        tuple(
            members
            for key, numbers in shown.items()
            for members, number in zip(groups[key], numbers, strict=True)
            if number is not None
        ),
    )


def _numbers(
    figure: Figure, groups: Mapping[Key, Groups], k: int, whole: Members | None
) -> tuple[tuple[FigureCell, ...], tuple[Members, ...]]:
    """Return the numbers of patients or of events, and who is in each that is told.

    Where events are looked at, `whole` are all of whom a number is a part: one of all
    but few is not told. Patients come more than once there, so numbers do not add up;
    events do, and that their whole is not told beside them is what `tell` is for.
    """
    is_of_events = figure.measure is FigureMeasure.EVENTS
    # Who remains comes last, and of events who had them comes first.
    is_parted = figure.of is None and not is_of_events
    patients = 1 if is_parted else 0
    sizes = {key: len(each[patients]) for key, each in groups.items()}
    told: _Told = {key: (n if n >= k else None, None) for key, n in sizes.items()}
    if is_parted:
        pairs = {key: (n, n) for key, n in sizes.items()}
        told = suppression.protect_table(pairs, k)
    shown = _without_ends(figure, told)
    place = 1 if is_of_events else patients
    visible = {
        key: groups[key][place]
        for key, (number, _) in shown.items()
        if number is not None and (whole is None or not 0 < len(whole) - sizes[key] < k)
    }
    cells = tuple(
        FigureCell(key, len(visible[key]) if key in visible else None) for key in shown
    )
    return cells, tuple(visible.values())


def _without_ends(figure: Figure, told: _Told) -> _Told:
    is_told = {key: number is not None for key, (number, _) in told.items()}
    ends = tables.untold_ends(figure.by, is_told)
    return {key: numbers for key, numbers in told.items() if key not in ends}
