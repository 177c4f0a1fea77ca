"""What analysts were told, and the refusal of what would give few away beside it.

It is one log for the whole clinic: two analysts may put their counts together.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Generic, TypeVar

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from db.models.care import ToldAnswer, ToldGroup
from db.postgres import assume_role
from services.analytics.cohorts.inference import Members, reveals_few
from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.core.sentences import Sentence

REMEMBERED_FOR: Final = timedelta(days=90)
# The latest groups, and those of almost the same size however old they are.
MOST_COMPARED: Final = 200
# Two answers at the same moment would not know of each other.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.told_groups"))

Answer = TypeVar("Answer")


# Without slots: Python 3.11 cannot make a frozen one by the name of Untold[SomeAnswer].
@dataclass(frozen=True)
class Untold(Generic[Answer]):
    """An answer that was counted and may not be shown before `tell` has returned it.

    `question` names what was asked, equal for equal questions; `groups` are the
    patients of each number in the answer, of `population` in daily use.
    """

    question: str
    answer: Answer
    groups: tuple[Members, ...]
    population: int
    smallest_group: int


class RevealsFew(NotAllowed):
    """Beside what analysts were told before, an answer would give few patients away."""

    def __init__(self, smallest_group: int) -> None:
        super().__init__(
            Sentence(
                "These counts are not told: put together with counts that analysts "
                "were told before, they would tell of fewer than {k} patients. Change "
                "the question so that it differs from earlier ones by more patients, "
                "or ask an earlier one again.",
                k=smallest_group,
            )
        )


def tell(session: Session, actor: Actor, untold: Untold[Answer]) -> Answer:
    """Return the answer and keep what it tells, on the primary; the caller commits.

    A question that was answered before, and whose answer has changed by too few
    patients, gets that answer again. Raises RevealsFew, NotAllowed.
    """
    actor.require(Permission.COUNT_COHORTS)
    kind = TypeAdapter(type(untold.answer))
    digest = hashlib.sha256(untold.question.encode()).digest()
    groups = {_digest(group): group for group in untold.groups}
    with assume_role(session, "system"):
        session.execute(select(_LOCK))
        _forget(session)
        if _gives_away(session, groups, untold):
            earlier = session.get(ToldAnswer, digest)
            if earlier is None:
                raise RevealsFew(untold.smallest_group)
            return kind.validate_python(earlier.answer)
        _keep(session, actor, groups)
        _keep_answer(session, digest, untold, kind)
    return untold.answer


def _gives_away(
    session: Session, groups: dict[bytes, Members], untold: Untold[Any]
) -> bool:
    known = set(
        session.scalars(select(ToldGroup.digest).where(ToldGroup.digest.in_(groups)))
    )
    new = [group for digest, group in groups.items() if digest not in known]
    if not new:
        return False
    told = _told_before(session, new, untold.smallest_group)
    return reveals_few(new, told, untold.population, untold.smallest_group)


def _told_before(session: Session, new: Sequence[Members], k: int) -> list[Members]:
    is_of_a_size = or_(
        *(
            ToldGroup.size.between(len(group) - k + 1, len(group) + k - 1)
            for group in new
        )
    )
    latest = select(ToldGroup.digest).order_by(ToldGroup.told_at.desc())
    is_wanted = or_(is_of_a_size, ToldGroup.digest.in_(latest.limit(MOST_COMPARED)))
    rows = session.scalars(select(ToldGroup.members).where(is_wanted))
    return [members_of(row) for row in rows]


def members_of(kept: bytes | memoryview) -> Members:
    """Return the hashes in the bytes that PostgreSQL's int8send made, sorted."""
    return np.sort(np.frombuffer(kept, dtype=">i8").astype(np.int64))


def _digest(group: Members) -> bytes:
    return hashlib.sha256(_bytes(group)).digest()


def _bytes(group: Members) -> bytes:
    return group.astype(">i8").tobytes()


def _keep(session: Session, actor: Actor, groups: dict[bytes, Members]) -> None:
    if not groups:
        return
    new = insert(ToldGroup).values(
        [
            {
                "digest": digest,
                "size": len(group),
                "members": _bytes(group),
                "told_to": actor.id,
            }
            for digest, group in groups.items()
        ]
    )
    again = {"told_at": func.now(), "told_to": actor.id}
    session.execute(
        new.on_conflict_do_update(index_elements=[ToldGroup.digest], set_=again)
    )


def _keep_answer(
    session: Session, digest: bytes, untold: Untold[Answer], kind: TypeAdapter[Answer]
) -> None:
    answer = kind.dump_python(untold.answer, mode="json")
    new = insert(ToldAnswer).values(digest=digest, answer=answer)
    changed = {"answer": answer, "told_at": func.now()}
    session.execute(
        new.on_conflict_do_update(index_elements=[ToldAnswer.digest], set_=changed)
    )


def _forget(session: Session) -> None:
    for table in (ToldGroup, ToldAnswer):
        is_old = table.told_at < func.now() - REMEMBERED_FOR
        session.execute(delete(table).where(is_old))
