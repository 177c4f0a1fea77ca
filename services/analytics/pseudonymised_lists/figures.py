"""What a list without names is made of: the bars that may be disclosed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

import numpy as np
from sqlalchemy.orm import Session

from services.analytics.cohorts import UndisclosedAnswer, suppression
from services.analytics.members import Members, members_of
from services.analytics.pseudonymised_lists.sizes import attributes_of_list, question_of
from services.core.actors import Actor, Permission
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.search import GroupTooSmall, ListStatistics

ALL: Final = ("age", "sex", "allergy")
# Each patient is in one bar of each of these, and in any number of the others.
_PARTITIONS: Final = frozenset({"age", "sex"})
_NOBODY: Final = np.empty(0, dtype=np.int64)
_Bars = Mapping[str, Members]


def count_bars(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    now: datetime,
    smallest_group: int,
    figures: Sequence[str] = ALL,
) -> Mapping[str, UndisclosedAnswer[ListStatistics]]:
    """Count the bars of a list's charts, leaving out those below `smallest_group`.

    Bars that would reveal these are left out as well, and so are allergies that all but
    few have. Beyond some 10,000 patients, a sample of them is counted. Each of the
    `figures` is an answer of its own, which may be shown once `disclose` has checked it
    against earlier disclosures. Raises GroupTooSmall, InvalidInput, NotAllowed,
    Unavailable.
    """
    actor.require(Permission.LIST_PATIENTS)
    list_bars = search.find_bars(session, actor, criteria, now=now)
    bars: dict[str, dict[str, Members]] = {figure: {} for figure in ALL}
    for (figure, label), members in list_bars.members.items():
        bars[figure][label] = members_of(members)
    everybody = np.sort(np.concatenate([*bars["sex"].values(), _NOBODY]))
    if len(everybody) < smallest_group:
        raise GroupTooSmall(smallest_group)
    # That everybody is on the list of all patients is known anyway.
    whole = () if search.is_public(criteria) and not list_bars.sampled else (everybody,)
    attributes = attributes_of_list(criteria)
    answers = {}
    for figure in figures:
        shown_bars = _protected(figure, bars[figure], len(everybody), smallest_group)
        makes_up = figure in _PARTITIONS and 1 < len(shown_bars) == len(bars[figure])
        numbers = {
            (figure, label): len(members) for label, members in shown_bars.items()
        }
        answers[figure] = UndisclosedAnswer(
            question_of(f"figure {figure}", criteria, smallest_group),
            search.statistics_of(numbers, sampled=list_bars.sampled),
            (*whole, *shown_bars.values()),
            None,
            smallest_group,
            Permission.LIST_PATIENTS,
            # The last part of a whole follows from the others.
            (max(shown_bars.values(), key=len),) if makes_up else (),
            part_of=question_of("list", criteria, smallest_group),
            attribute_sets=(
                *(attributes for _ in whole),
                # The bars do not disclose what everybody on a list is allergic to.
                *((attributes if figure in _PARTITIONS else None) for _ in shown_bars),
            ),
        )
    return answers


def _protected(figure: str, bars: _Bars, patients: int, k: int) -> _Bars:
    """Return the bars of a figure that may be disclosed."""
    if figure not in _PARTITIONS:
        return {
            label: members
            for label, members in bars.items()
            if k <= len(members) <= patients - k
        }
    numbers: dict[suppression.Key, tuple[int, int]] = {
        (label,): (len(members), len(members)) for label, members in bars.items()
    }
    table = suppression.protect_table(numbers, k)
    return {key[0]: bars[key[0]] for key, (number, _) in table.items() if number}
