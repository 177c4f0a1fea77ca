"""How many patients a list has, as far as it may be disclosed, and its rows with that.

Rows can be counted, so a list shows none of them unless its number is disclosed
(docs/decisions/0063).
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Generic, TypeVar

from sqlalchemy.orm import Session

from services.analytics.cohorts import UndisclosedAnswer, disclose
from services.analytics.group_attributes import (
    NO_ATTRIBUTES,
    GroupAttributes,
    attributes_of,
)
from services.analytics.members import members_of
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import NotAllowed
from services.core.sentences import Sentence, on_day_at
from services.lists import criteria as list_criteria
from services.lists.counting import MOST_COUNTED
from services.lists.criteria import Combine, Count, Criteria, Filter, Group
from services.lists.recording import record
from services.patients import search
from services.patients.search import GroupTooSmall, ListGroup

T = TypeVar("T")
_ATTRIBUTE_FIELDS: Final = frozenset(
    {
        "allergies",
        "no_known_allergies",
        "medical_history",
        "current_medications",
        "medication_count",
    }
)


@dataclass(frozen=True, slots=True)
class ListSize:
    """How many patients a list had at a time by the clinic's clock."""

    patients: int
    counted_at: datetime


class ChangedByFew(NotAllowed):
    """Since a list was disclosed, few have come or gone: its rows would reveal who."""

    def __init__(self, smallest_group: int, size: ListSize) -> None:
        super().__init__(
            Sentence(
                "Since {time}, when {number:,} patients were on this list, fewer than "
                "{k} have been added or removed. Its rows, charts and files are shown "
                "again once more have.",
                time=on_day_at(size.counted_at),
                number=size.patients,
                k=smallest_group,
            )
        )


# Without slots: Python 3.11 cannot make a frozen dataclass that has a type parameter.
@dataclass(frozen=True)
class DisclosedList(Generic[T]):
    """What is shown of a list: its `rows`, or why there are none.

    `count` is None where nothing was counted: there is nothing to hide from a user who
    sees names, or in the list of everybody. `earlier` is an earlier number that is
    shown again. `group` is whose rows these are; None if that does not matter.
    """

    smallest_group: int
    rows: T | None = None
    count: Count | None = None
    earlier: ListSize | None = None
    group: ListGroup | None = None

    def refusal(self) -> NotAllowed | None:
        """Return why no rows are shown; None if they are."""
        if self.earlier:
            return ChangedByFew(self.smallest_group, self.earlier)
        if self.count and self.count.is_few:
            return GroupTooSmall(self.smallest_group)
        return None

    def require_rows(self) -> T:
        """Return the rows; raises GroupTooSmall, ChangedByFew."""
        if refusal := self.refusal():
            raise refusal
        assert self.rows is not None  # noqa: S101 - only refusals are without
        return self.rows


@dataclass(frozen=True)
class UndisclosedList(Generic[T]):
    """A list that was read; of one with `undisclosed`, `disclose_list` decides."""

    disclosed_list: DisclosedList[T]
    undisclosed: UndisclosedAnswer[ListSize] | None = None


def read_undisclosed(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    read: Callable[[], T],
    *,
    now: datetime,
    smallest_group: int,
    count_open: Callable[[], Count | None] = lambda: None,
    needs: Permission = Permission.LIST_PATIENTS,
) -> UndisclosedList[T]:
    """Find out who is on a list, and `read` what is shown of it unless they are few.

    Where there is nothing to hide, `count_open` counts. Beyond 10,000 no number is
    disclosed, and nothing is checked against earlier disclosures. The recipient `needs`
    a permission. Raises InvalidInput, NotAllowed, Unavailable.
    """
    actor.require(needs)
    is_pseudonymised = search.visibility_of(actor) is search.PSEUDONYMISED
    if not is_pseudonymised or search.is_public(criteria):
        return UndisclosedList(DisclosedList(smallest_group, read(), count_open()))
    group = search.find_group(session, actor, criteria, now=now, needs=needs)
    count = _count(group.size, smallest_group)
    record(session, actor, Action.PATIENT_COUNT, criteria, count=str(count))
    if count.is_few:
        return UndisclosedList(DisclosedList(smallest_group, count=count))
    if group.members is None:
        return UndisclosedList(DisclosedList(smallest_group, read(), count))
    disclosed_list = DisclosedList(smallest_group, read(), count, group=group)
    members = members_of(group.members)
    size = ListSize(len(members), now)
    question = question_of("list", criteria, smallest_group)
    undisclosed = UndisclosedAnswer(
        question,
        size,
        (members,),
        None,
        smallest_group,
        needs,
        is_live=True,
        attribute_sets=(attributes_of_list(criteria),),
    )
    return UndisclosedList(disclosed_list, undisclosed)


def disclose_list(
    session: Session, actor: Actor, undisclosed_list: UndisclosedList[T]
) -> DisclosedList[T]:
    """Return what is shown of a list, on the primary; the caller commits.

    Raises RevealsFew, NotAllowed.
    """
    if undisclosed_list.undisclosed is None:
        return undisclosed_list.disclosed_list
    size = disclose(session, actor, undisclosed_list.undisclosed)
    if size == undisclosed_list.undisclosed.answer:
        return undisclosed_list.disclosed_list
    count = Count(size.patients)
    return replace(
        undisclosed_list.disclosed_list, rows=None, count=count, earlier=size
    )


def question_of(what: str, criteria: Criteria, smallest_group: int) -> str:
    """Return a name for what is asked of a list, whatever its order."""
    criteria_json = list_criteria.to_json(replace(criteria, orders=()))
    return json.dumps([what, criteria_json, smallest_group], sort_keys=True)


def attributes_of_list(criteria: Criteria) -> GroupAttributes:
    """Return the attributes in a list's filters: what patients have or take.

    Filters that OR joins are one condition; filters that AND joins, also within another
    AND, are one each.
    """
    wholes = (Criteria(Group(members=(part,))) for part in _joined_by_and(criteria))
    named = (
        attributes_of(list_criteria.to_json(whole))
        for whole in wholes
        if _ATTRIBUTE_FIELDS & set(whole.fields())
    )
    return NO_ATTRIBUTES.union(*named)


def _joined_by_and(criteria: Criteria) -> Sequence[Filter | Group]:
    where = criteria.where.simplified()
    return where.members if where.combine is Combine.AND else (where,)


def _count(size: int, smallest_group: int) -> Count:
    if size < smallest_group:
        return Count(smallest_group, is_exact=False, is_few=True)
    return Count(min(size, MOST_COUNTED), is_exact=size <= MOST_COUNTED)
