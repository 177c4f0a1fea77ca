"""Lists without names: who is on one, and whether they are enough to show.

Such a list was counted by `find_group` before it is shown, and is not disclosed until
services/analytics/pseudonymised_lists decides that it may be shown.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    LargeBinary,
    func,
    literal_column,
    select,
)
from sqlalchemy.orm import Session

from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.core.sentences import Sentence
from services.lists.counting import MOST_COUNTED
from services.lists.criteria import Criteria
from services.lists.queries import prepare
from services.lists.statements import compiled, run
from services.patients.search.pages import PATIENT_LISTS
from services.patients.search.queries import (
    PATIENTS,
    PatientListQuery,
    PatientListShape,
)

HASH_BYTES: Final = 8


class GroupTooSmall(NotAllowed):
    """A list without names has fewer patients than the smallest group."""

    def __init__(self, smallest_group: int) -> None:
        super().__init__(
            Sentence(
                "A list of fewer than {k} patients is neither shown nor exported "
                "without names: it would reveal who they are. Remove a filter, or ask "
                "for the file with names and give a reason.",
                k=smallest_group,
            )
        )


@dataclass(frozen=True, slots=True)
class ListGroup:
    """The patients on a list: a 64-bit hash of each, big-endian, in no order.

    `members` is None if there are more than a list is counted to.
    """

    members: bytes | None

    @property
    def size(self) -> int:
        """The number of patients, or one more than a list is counted to."""
        if self.members is None:
            return MOST_COUNTED + 1
        return len(self.members) // HASH_BYTES

    def is_same(self, other: "ListGroup") -> bool:
        """Return whether the same patients are on a list, as far as they are counted.

        Beyond that number, no list is compared with another one.
        """
        return self._distinct() == other._distinct()

    def _distinct(self) -> frozenset[bytes] | None:
        if self.members is None:
            return None
        starts = range(0, len(self.members), HASH_BYTES)
        return frozenset(self.members[at : at + HASH_BYTES] for at in starts)

    def require_many(self, smallest_group: int) -> None:
        """Raise GroupTooSmall if the group is smaller than the smallest group."""
        if self.size < smallest_group:
            raise GroupTooSmall(smallest_group)


def find_group(
    session: Session,
    actor: Actor,
    criteria: Criteria,
    *,
    now: datetime | None = None,
    needs: Permission = Permission.LIST_PATIENTS,
) -> ListGroup:
    """Return who is on a list; the caller records in the audit log what becomes of it.

    `needs` is the permission required of the actor. Raises InvalidInput, NotAllowed,
    Unavailable.
    """
    actor.require(needs)
    return group_of(session, prepare(session, actor, PATIENT_LISTS, criteria, now))


def group_of(session: Session, query: PatientListQuery) -> ListGroup:
    """Return who is on the list of a prepared query; raises Unavailable."""
    ((members,),) = run(session, query.text(_members), query.parameters)
    group = ListGroup(bytes(members or b""))
    return ListGroup(None) if group.size > MOST_COUNTED else group


def hashes(ids: ColumnElement[Any]) -> ColumnElement[bytes]:
    """Return the hashes of the ids of a group, in the form of `ListGroup`."""
    hashed = func.uuid_hash_extended(ids, literal_column("0"))
    none = literal_column("''::bytea", LargeBinary)
    return func.string_agg(func.int8send(hashed), none, type_=LargeBinary)


@lru_cache(maxsize=256)
def _members(shape: PatientListShape) -> str:
    most = literal_column(str(MOST_COUNTED + 1), Integer)
    first = (
        select(PATIENTS.c.id).where(shape.membership()).limit(most).subquery("first")
    )
    return compiled(select(hashes(first.c.id)))
