"""Lists of patients that do not reveal few patients to callers who see no names."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from api.core.answers import read_headers, written_headers
from api.core.dependencies import Caller
from services.analytics import pseudonymised_lists
from services.analytics.pseudonymised_lists import DisclosedList, UndisclosedList
from services.core.actors import Permission
from services.lists.criteria import Count, Criteria

T = TypeVar("T")


@dataclass(frozen=True)
class DisclosedAnswer(Generic[T]):
    """The part of a list to show, and the headers that go with it."""

    listing: DisclosedList[T]
    headers: dict[str, str]


def disclose_list(
    caller: Caller,
    criteria: Criteria,
    read: Callable[[Session], T],
    *,
    count_open: Callable[[Session], Count | None] = lambda _: None,
    needs: Permission = Permission.LIST_PATIENTS,
) -> DisclosedAnswer[T]:
    """Read a list on a replica and, if necessary, disclose it on the primary.

    `count_open` counts the list where there is nothing to hide. Raises RevealsFew,
    GroupTooSmall, ChangedByFew, and what `read` raises.
    """

    def read_undisclosed(session: Session) -> UndisclosedList[T]:
        return pseudonymised_lists.read_undisclosed(
            session,
            caller.actor,
            criteria,
            partial(read, session),
            now=caller.stores.now(),
            smallest_group=caller.stores.smallest_group,
            count_open=partial(count_open, session),
            needs=needs,
        )

    read_result = caller.read(read_undisclosed)
    kept = read_result.value
    if kept.undisclosed is None:
        listing, headers = kept.disclosed_list, read_headers(read_result, caller.after)
    else:
        written = caller.write(
            lambda session: pseudonymised_lists.disclose_list(
                session, caller.actor, kept
            )
        )
        listing, headers = written.value, written_headers(written)
    if refusal := listing.refusal():
        caller.refuse(refusal)
    return DisclosedAnswer(listing, headers)
