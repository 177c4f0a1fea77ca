"""What analysts were told, and the refusal of what would give few away beside it.

There is one log for the whole clinic, since two analysts may combine their counts.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import starmap
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import numpy as np
from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Integer,
    and_,
    cast,
    delete,
    func,
    literal_column,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Session

from db.models.care import DisclosedAnswer, DisclosedGroup
from db.models.patient import Patient
from db.postgres import assume_role
from services.analytics.cohorts.inference import (
    NestedGroups,
    differ_in_few,
    events_reveal_few,
    is_apart,
    patients_behind,
    reveals_few,
)
from services.analytics.cohorts.statements import PATIENT_SHIFT
from services.analytics.members import Members, distinct, members_of
from services.analytics.namings import Naming, is_nested, nested_groups
from services.core.actors import Actor, Permission
from services.core.errors import NotAllowed
from services.core.sentences import Sentence

REMEMBERED_FOR: Final = timedelta(days=90)
# How many of the latest groups are compared; those of almost the same size always are,
# however old.
MOST_COMPARED: Final = 200
# How many different questions of a person may be refused in a day, or have the same
# patients as earlier ones: each such outcome reveals whether there is somebody whom the
# question asks for.
MOST_REFUSED: Final = 100
_REFUSED_WITHIN: Final = timedelta(days=1)
# How many hashes of disclosed groups are read before the groups are read whole.
_MOST_GLANCED_AT: Final = 100_000
_MOST_BYSTANDERS: Final = 2_000
_HASH_BYTES: Final = 8
_READ_AT_ONCE: Final = 16
# The field of an answer with the time as of which it was counted.
_COUNTED_AT: Final = "counted_at"
# The key under which an answer is kept with the digests of its groups.
_GROUPS: Final = "told_groups"
# The key for the person to whom a question was refused; kept in place of an answer.
_REFUSED_TO: Final = "refused_to"
# Without it, two concurrent answers would not know of each other.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.told_groups"))

Answer = TypeVar("Answer")


# Without slots: Python 3.11 cannot make a frozen dataclass that has a type parameter.
@dataclass(frozen=True)
class UndisclosedAnswer(Generic[Answer]):
    """A counted answer that may not be shown before `tell` has returned it.

    `question` names what was asked and is equal for equal questions. `groups` are the
    patients of each number in the answer. `population` is the number of patients in
    daily use, who are counted when needed if it is None. `implied` are those groups
    that follow from others, such as the last part of a whole. The recipient `needs` a
    permission. `events` are the events of each number of events, as hashes whose first
    bits are the patient's. If `is_live`, current data such as rows is shown beside the
    answer. `namings` are what is named of each of the groups or, if there are none, of
    the events; None where the number is not disclosed under anything that is named.
    `part_of` is another question that counts as one with this one, such as the list
    that a chart belongs to.
    """

    question: str
    answer: Answer
    groups: tuple[Members, ...]
    population: int | None
    smallest_group: int
    needs: Permission = Permission.COUNT_COHORTS
    implied: tuple[Members, ...] = ()
    events: tuple[Members, ...] = ()
    is_live: bool = False
    namings: tuple[Naming | None, ...] = ()
    part_of: str = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    """A group that is disclosed anew, or under `namings` that are new for it."""

    digest: bytes
    members: Members
    namings: set[Naming]


class RevealsFew(NotAllowed):
    """Beside what analysts were told before, an answer would give few patients away.

    The refusal is an answer too: a person may have only MOST_REFUSED of them in a day.
    """

    def __init__(self, smallest_group: int) -> None:
        super().__init__(
            Sentence(
                "These counts are suppressed: together with counts that analysts "
                "have seen before, they would reveal fewer than {k} patients, or what "
                "nearly all of a group have. Change the question so that it differs "
                "from earlier ones by more patients, or ask an earlier one again.",
                k=smallest_group,
            )
        )


class RefusedOften(RevealsFew):
    """So much was refused to a person that the refusals would reveal patients."""

    def __init__(self) -> None:
        NotAllowed.__init__(
            self,
            Sentence(
                "Within a day, {most:,} of your questions were refused because they "
                "would reveal too few patients, or had the same patients as earlier "
                "ones. Refusals reveal something as well, so new questions are "
                "answered again a day later. Earlier answers are still shown.",
                most=MOST_REFUSED,
            ),
        )


def tell(
    session: Session, actor: Actor, undisclosed: UndisclosedAnswer[Answer]
) -> Answer:
    """Return the answer and log what it discloses, on the primary; the caller commits.

    A question that was answered before, and whose answer has changed by too few
    patients, gets the earlier answer again. If it has not changed at all, it keeps its
    time, since a new time would distinguish the two cases. A new question about the
    same patients as earlier ones reveals that there is nobody whom it leaves out, and
    counts like a refused one. Raises RevealsFew; RefusedOften for a new question of a
    person to whom many were refused; NotAllowed.
    """
    actor.require(undisclosed.needs)
    kind = TypeAdapter(type(undisclosed.answer))
    digest = _question_digest(undisclosed.question)
    groups = {_digest(group): group for group in undisclosed.groups}
    events = {_digest(group): group for group in undisclosed.events}
    named = _named(undisclosed)
    with assume_role(session, "system"):
        session.execute(select(_LOCK))
        _forget(session)
        known = _known(session, {**groups, **events})
        renamed = _renamed(session, named, known)
        new = {key: group for key, group in groups.items() if key not in known}
        new_events = {key: group for key, group in events.items() if key not in known}
        earlier = session.scalars(
            select(DisclosedAnswer.answer).where(DisclosedAnswer.digest == digest)
        ).one_or_none()
        if earlier is None and _is_refused_often(session, actor):
            raise RefusedOften
        if (
            _has_lost_few(session, earlier, {**groups, **events}, undisclosed)
            or any(starmap(_tell_what_all_have, renamed.values()))
            or _gives_away(session, _judged(groups, known, renamed), known, undisclosed)
            or _events_give_away(
                session, _judged(events, known, renamed), known, undisclosed
            )
        ):
            if earlier is None:
                raise refusal(
                    actor.id, undisclosed.question, undisclosed.smallest_group
                )
            return kind.validate_python(earlier)
        _keep_again(session, actor, known)
        _keep(session, actor, new, named, of_events=False)
        _keep(session, actor, new_events, named, of_events=True)
        _keep_namings(session, renamed, known)
        if (
            earlier is None
            and not (new or new_events)
            and known - _disclosed_by(session, undisclosed.part_of)
        ):
            whole = undisclosed.part_of or undisclosed.question
            _note(session, "unchanged", actor.id, whole)
        answer = undisclosed.answer
        if earlier is not None and not (new or new_events or undisclosed.is_live):
            answer = _as_of(earlier, answer, kind)
        _keep_answer(session, digest, answer, kind, {**groups, **events})
    return answer


@dataclass(frozen=True)
class JointAnswer(Generic[Answer]):
    """An answer composed of those to other questions, once these were disclosed.

    It is kept under a question of its own. All that it discloses is in the log already.
    """

    question: str
    kind: type[Answer]

    def keep(self, session: Session, answer: Answer, parts: Iterable[str]) -> None:
        """Keep what was just disclosed in answer to the questions in `parts`.

        On the primary; the caller commits.
        """
        with assume_role(session, "system"):
            disclosed = [_disclosed_by(session, each) for each in parts]
            groups = set[bytes]().union(*disclosed)
            digest = _question_digest(self.question)
            _keep_answer(session, digest, answer, TypeAdapter(self.kind), groups)

    def tell(self, session: Session, actor: Actor) -> Answer | None:
        """Return the answer that is kept, or None; on the primary, the caller commits.

        The log remembers its groups for as long as those of a new answer. Raises
        NotAllowed.
        """
        actor.require(Permission.COUNT_COHORTS)
        is_answer = DisclosedAnswer.digest == _question_digest(self.question)
        with assume_role(session, "system"):
            session.execute(select(_LOCK))
            _forget(session)
            kept = session.scalars(select(DisclosedAnswer.answer).where(is_answer))
            answer = kept.one_or_none()
            if answer is None:
                return None
            _keep_again(session, actor, set(map(bytes.fromhex, answer[_GROUPS])))
        return TypeAdapter(self.kind).validate_python(answer)


def require_not_refused_often(session: Session, actor: Actor) -> None:
    """Raise RefusedOften if too much was refused to the actor for a new answer."""
    with assume_role(session, "system"):
        if _is_refused_often(session, actor):
            raise RefusedOften


def refusal(person_id: UUID, question: str, smallest_group: int) -> RevealsFew:
    """Return the refusal of a question; it counts towards the person's daily limit.

    Each question counts once, however often it is asked.
    """
    refused = RevealsFew(smallest_group)
    refused.note_refusal = partial(
        _note_refusal, person_id=person_id, question=question
    )
    return refused


def _note_refusal(session: Session, *, person_id: UUID, question: str) -> None:
    with assume_role(session, "system"):
        _note(session, "refused", person_id, question)


def _note(session: Session, what: str, person_id: UUID, question: str) -> None:
    """Count a refused or unchanged question towards the person's daily limit."""
    digest = hashlib.sha256(f"{what} {person_id} {question}".encode()).digest()
    to = {_REFUSED_TO: str(person_id)}
    new = insert(DisclosedAnswer).values(digest=digest, answer=to)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[DisclosedAnswer.digest], set_={"told_at": func.now()}
        )
    )


def _is_refused_often(session: Session, actor: Actor) -> bool:
    refused = select(func.count()).where(
        DisclosedAnswer.disclosed_at > func.now() - _REFUSED_WITHIN,
        DisclosedAnswer.answer[_REFUSED_TO].astext == str(actor.id),
    )
    return session.scalars(refused).one() >= MOST_REFUSED


def _known(session: Session, groups: dict[bytes, Members]) -> set[bytes]:
    known = select(DisclosedGroup.digest).where(DisclosedGroup.digest.in_(groups))
    return set(session.scalars(known))


def _disclosed_by(session: Session, question: str) -> set[bytes]:
    """Return the digests of the groups that a question's latest answer disclosed."""
    is_answer = DisclosedAnswer.digest == _question_digest(question)
    answer = select(DisclosedAnswer.answer[_GROUPS])
    groups = session.scalars(answer.where(is_answer)).first()
    return set(map(bytes.fromhex, groups or ()))


def _has_lost_few(
    session: Session,
    earlier: Mapping[str, Any] | None,
    groups: Collection[bytes],
    undisclosed: UndisclosedAnswer[Any],
) -> bool:
    """Return whether fewer numbers are disclosed than before, and a small one is gone.

    A number that is no longer disclosed is below k now. That reveals that somebody has
    left, and of so small a group that may be few.
    """
    before = {bytes.fromhex(each) for each in (earlier or {}).get(_GROUPS, ())}
    if len(before) <= len(groups):
        return False
    patients = func.coalesce(DisclosedGroup.patients, DisclosedGroup.size)
    small = select(DisclosedGroup.digest).where(
        DisclosedGroup.digest.in_(before - set(groups)),
        patients < 2 * undisclosed.smallest_group - 1,
    )
    return session.scalars(small.limit(1)).one_or_none() is not None


def _named(undisclosed: UndisclosedAnswer[Any]) -> dict[bytes, set[Naming]]:
    """Return what is named of groups, by digest; nothing if every number is shown."""
    named: dict[bytes, set[Naming]] = {}
    if undisclosed.smallest_group > 1:
        groups = undisclosed.groups or undisclosed.events
        for group, naming in zip(groups, undisclosed.namings, strict=False):
            if naming is not None:
                named.setdefault(_digest(group), set()).add(naming)
    return named


def _renamed(
    session: Session,
    named: Mapping[bytes, Collection[Naming]],
    known: Collection[bytes],
) -> dict[bytes, tuple[set[Naming], set[Naming]]]:
    """Return the groups with new namings: their earlier namings, and the new ones."""
    rows = session.execute(
        select(DisclosedGroup.digest, DisclosedGroup.namings).where(
            DisclosedGroup.digest.in_(known)
        )
    )
    before = {digest: set(map(frozenset, namings)) for digest, namings in rows}
    both = {
        digest: (before.get(digest, set()), set(namings) - before.get(digest, set()))
        for digest, namings in named.items()
    }
    return {digest: pair for digest, pair in both.items() if pair[1]}


def _tell_what_all_have(before: Collection[Naming], new: Collection[Naming]) -> bool:
    """Return whether the same patients are disclosed under a naming and part of it."""
    return any(is_nested(naming, {*before, *new}) for naming in new)


def _judged(
    groups: Mapping[bytes, Members],
    known: Collection[bytes],
    renamed: Mapping[bytes, tuple[Collection[Naming], set[Naming]]],
) -> list[_Judged]:
    """Return the groups that an answer discloses anew, by members or by naming.

    That a number was disclosed before, by a table of words for example, is no reason to
    disclose it with a naming as well: beside others it may reveal what all of them
    have.
    """
    return [
        _Judged(digest, group, renamed[digest][1] if digest in renamed else set())
        for digest, group in groups.items()
        if digest not in known or digest in renamed
    ]


def _gives_away(
    session: Session,
    judged: Sequence[_Judged],
    known: set[bytes],
    undisclosed: UndisclosedAnswer[Any],
) -> bool:
    if not judged:
        return False
    new, implied = _members(judged), set(map(_digest, undisclosed.implied))
    k, population = undisclosed.smallest_group, undisclosed.population
    is_wanted = compared(new, k) | (
        DisclosedGroup.digest.in_(known) & ~DisclosedGroup.of_events
    )
    # Sums of all groups are sums of those that imply the others; and no group is apart
    # from itself as it was disclosed before.
    needed = [each.members for each in judged if each.digest not in implied]
    is_another = DisclosedGroup.digest.not_in([each.digest for each in judged])
    if are_apart(session, needed, is_wanted & is_another, k):
        return False
    if population is None:
        in_use = select(func.count()).where(Patient.deleted_at.is_(None))
        population = session.scalars(in_use).one()
    disclosed, nested = _compared_with(session, is_wanted, judged)
    return reveals_few(new, disclosed, population, k, nested)


def _members(judged: Sequence[_Judged]) -> list[Members]:
    return [each.members for each in judged]


def _compared_with(
    session: Session, is_wanted: ColumnElement[bool], judged: Sequence[_Judged]
) -> tuple[list[Members], Sequence[NestedGroups]]:
    """Return the members of wanted disclosed groups, and which groups name more."""
    rows = session.execute(
        select(DisclosedGroup.members, DisclosedGroup.namings).where(is_wanted)
    ).all()
    nested = nested_groups(
        [each.namings for each in judged],
        [list(map(frozenset, namings)) for _, namings in rows],
    )
    return [members_of(members) for members, _ in rows], nested


def _events_give_away(
    session: Session,
    judged: Sequence[_Judged],
    known: set[bytes],
    undisclosed: UndisclosedAnswer[Any],
) -> bool:
    if not judged:
        return False
    groups, k = _members(judged), undisclosed.smallest_group
    if _differ_in_few_events(session, groups, k):
        return True
    latest = (
        select(DisclosedGroup.digest)
        .where(DisclosedGroup.of_events)
        .order_by(DisclosedGroup.disclosed_at.desc(), DisclosedGroup.digest)
    )
    is_wanted = or_(
        DisclosedGroup.digest.in_(latest.limit(MOST_COMPARED)),
        DisclosedGroup.digest.in_(known) & DisclosedGroup.of_events,
    )
    disclosed, nested = _compared_with(session, is_wanted, judged)
    return events_reveal_few(groups, disclosed, PATIENT_SHIFT, k, nested)


def _differ_in_few_events(session: Session, new: Sequence[Members], k: int) -> bool:
    """Return whether a group differs from any disclosed one in events of few patients.

    Two such groups are of about as many patients, however many events these have. They
    are read a few at a time: together they may not fit into memory.
    """
    _count_patients(session)
    for group in new:
        number = patients_behind(group, PATIENT_SHIFT)
        alike = select(DisclosedGroup.members).where(
            DisclosedGroup.of_events,
            DisclosedGroup.patients.between(number - k + 1, number + k - 1),
        )
        options = {"yield_per": _READ_AT_ONCE}
        disclosed = session.scalars(alike, execution_options=options)
        with closing(disclosed):
            if any(
                differ_in_few(group, members_of(members), PATIENT_SHIFT, k)
                for members in disclosed
            ):
                return True
    return False


def _count_patients(session: Session) -> None:
    """Record the number of patients of event groups that the previous version kept.

    That version does not know the number, so that after an update there are some such
    groups.
    """
    uncounted = select(DisclosedGroup.digest, DisclosedGroup.members).where(
        DisclosedGroup.of_events, DisclosedGroup.patients.is_(None)
    )
    while row := session.execute(uncounted.limit(1)).one_or_none():
        digest, members = row
        number = patients_behind(members_of(members), PATIENT_SHIFT)
        counted = update(DisclosedGroup).where(DisclosedGroup.digest == digest)
        session.execute(counted.values(patients=number))


def are_apart(
    session: Session,
    new: Sequence[Members],
    is_wanted: ColumnElement[bool],
    k: int,
) -> bool:
    """Return whether the lowest hashes of disclosed groups prove an answer safe.

    Groups are kept sorted, so that these are their first bytes.
    """
    if not new:
        return True
    sizes = select(func.coalesce(func.sum(DisclosedGroup.size), 0)).where(is_wanted)
    total = int(session.scalars(sizes).one())
    share = min(1.0, _MOST_GLANCED_AT / max(total, 1))
    wanted = func.ceil(DisclosedGroup.size * share) * _HASH_BYTES
    first = func.substring(DisclosedGroup.members, 1, cast(wanted, Integer))
    rows = session.execute(select(DisclosedGroup.size, first).where(is_wanted)).all()
    disclosed_groups = [members_of(kept) for _, kept in rows]
    hashed = func.uuid_hash_extended(Patient.id, literal_column("0"))
    some = select(hashed).where(Patient.deleted_at.is_(None)).limit(_MOST_BYSTANDERS)
    bystanders = distinct(np.array(session.scalars(some).all(), dtype=np.int64))
    cut = [
        group[-1]
        for (size, _), group in zip(rows, disclosed_groups, strict=True)
        if len(group) < size
    ]
    if cut:
        end = min(cut)
        disclosed_groups = [_up_to(end, group) for group in disclosed_groups]
        new = [_up_to(end, group) for group in new]
        bystanders = _up_to(end, bystanders)
    return all(
        is_apart(group, [*disclosed_groups, *new[:place]], bystanders, k)
        for place, group in enumerate(new)
    )


def _up_to(end: np.int64, group: Members) -> Members:
    return group[: np.searchsorted(group, end, side="right")]


def compared(new: Sequence[Members], k: int) -> ColumnElement[bool]:
    """Return the condition for the disclosed groups that new ones are compared with."""
    is_of_a_size = or_(
        *(
            DisclosedGroup.size.between(len(group) - k + 1, len(group) + k - 1)
            for group in new
        )
    )
    latest = (
        select(DisclosedGroup.digest)
        .where(~DisclosedGroup.of_events)
        .order_by(DisclosedGroup.disclosed_at.desc(), DisclosedGroup.digest)
    )
    is_late = DisclosedGroup.digest.in_(latest.limit(MOST_COMPARED))
    return and_(~DisclosedGroup.of_events, or_(is_of_a_size, is_late))


def _question_digest(question: str) -> bytes:
    return hashlib.sha256(question.encode()).digest()


def _digest(group: Members) -> bytes:
    return hashlib.sha256(_bytes(group)).digest()


def _bytes(group: Members) -> bytes:
    return group.astype(">i8").tobytes()


def _keep_again(session: Session, actor: Actor, known: set[bytes]) -> None:
    if known:
        again = {"disclosed_at": func.now(), "disclosed_to": actor.id}
        is_known = DisclosedGroup.digest.in_(known)
        session.execute(update(DisclosedGroup).where(is_known).values(again))


def _keep(
    session: Session,
    actor: Actor,
    new: dict[bytes, Members],
    named: Mapping[bytes, Collection[Naming]],
    *,
    of_events: bool,
) -> None:
    if new:
        rows = [
            {
                "digest": digest,
                "size": len(group),
                "members": _bytes(group),
                "told_to": actor.id,
                "of_events": of_events,
                "patients": (
                    patients_behind(group, PATIENT_SHIFT) if of_events else None
                ),
                "namings": list(map(sorted, named.get(digest, ()))),
            }
            for digest, group in new.items()
        ]
        session.execute(insert(DisclosedGroup).values(rows))


def _keep_namings(
    session: Session,
    renamed: Mapping[bytes, tuple[Collection[Naming], set[Naming]]],
    known: Collection[bytes],
) -> None:
    """Record further namings of known groups, mostly the same for a whole answer."""
    alike: dict[frozenset[Naming], list[bytes]] = {}
    for digest, (_, new) in renamed.items():
        if digest in known:
            alike.setdefault(frozenset(new), []).append(digest)
    for besides, digests in alike.items():
        both = DisclosedGroup.namings + cast(list(map(sorted, besides)), JSONB)
        are_alike = DisclosedGroup.digest.in_(digests)
        session.execute(update(DisclosedGroup).where(are_alike).values(namings=both))


def _as_of(
    earlier: Mapping[str, Any], answer: Answer, kind: TypeAdapter[Answer]
) -> Answer:
    """Return an answer as of the time it was first given, if it is still the same."""
    now = kind.dump_python(answer, mode="json")
    if _COUNTED_AT not in now:
        return answer
    before_now = {**earlier, _COUNTED_AT: now[_COUNTED_AT]}
    before_now.pop(_GROUPS, None)
    if before_now != now:
        return answer
    before: Any = kind.validate_python(earlier)
    known: Any = answer
    same: Answer = replace(known, counted_at=before.counted_at)
    return same


def _keep_answer(
    session: Session,
    digest: bytes,
    answer: Answer,
    kind: TypeAdapter[Answer],
    groups: Iterable[bytes],
) -> None:
    kept = kind.dump_python(answer, mode="json")
    # The previous version, which reads answers as well, ignores what it does not know.
    kept = {**kept, _GROUPS: sorted(each.hex() for each in groups)}
    new = insert(DisclosedAnswer).values(digest=digest, answer=kept)
    changed = {"answer": kept, "told_at": func.now()}
    session.execute(
        new.on_conflict_do_update(index_elements=[DisclosedAnswer.digest], set_=changed)
    )


def _forget(session: Session) -> None:
    for table in (DisclosedGroup, DisclosedAnswer):
        is_old = table.disclosed_at < func.now() - REMEMBERED_FOR
        session.execute(delete(table).where(is_old))
