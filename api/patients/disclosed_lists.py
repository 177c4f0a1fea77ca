"""Lists of patients, of which who sees no names is told no few."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

from api.core.answers import read_headers, written_headers
from api.core.dependencies import Caller
from services.analytics import unnamed_lists
from services.analytics.unnamed_lists import DisclosedList, KeptBack
from services.core.actors import Permission
from services.lists.criteria import Count, Criteria

T = TypeVar("T")


@dataclass(frozen=True)
class AnsweredList(Generic[T]):
    """What is shown of a list, and the headers that go with it."""

    listing: DisclosedList[T]
    headers: dict[str, str]


def answered(
    caller: Caller,
    criteria: Criteria,
    read: Callable[[Session], T],
    *,
    count_open: Callable[[Session], Count | None] = lambda _: None,
    needs: Permission = Permission.LIST_PATIENTS,
) -> AnsweredList[T]:
    """Read a list on a replica and, if it has to be, tell it on the primary.

    `count_open` counts it where there is nothing to hide. Raises RevealsFew, TooFew,
    ChangedByFew, and what `read` raises.
    """

    def keep_back(session: Session) -> KeptBack[T]:
        return unnamed_lists.keep_back(
            session,
            caller.actor,
            criteria,
            partial(read, session),
            now=caller.stores.now(),
            smallest_group=caller.stores.smallest_group,
            count_open=partial(count_open, session),
            needs=needs,
        )

    read_result = caller.read(keep_back)
    kept = read_result.value
    if kept.undisclosed is None:
        listing, headers = kept.disclosed_list, read_headers(read_result, caller.after)
    else:
        written = caller.write(
            lambda session: unnamed_lists.tell_list(session, caller.actor, kept)
        )
        listing, headers = written.value, written_headers(written)
    if refusal := listing.refusal():
        caller.refuse(refusal)
    return AnsweredList(listing, headers)
