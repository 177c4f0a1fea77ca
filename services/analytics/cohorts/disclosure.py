"""What was disclosed to analysts, and the refusal of what would reveal few with it.

There is one log for the whole clinic, since two analysts may combine their counts.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from itertools import starmap
from typing import Any, Final, Generic, Self, TypeVar
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
    count_distinct_patients,
    differ_in_few,
    events_reveal_few,
    is_provably_safe,
    reveals_few,
)
from services.analytics.cohorts.statements import PATIENT_SHIFT
from services.analytics.group_attributes import (
    GroupAttributes,
    is_nested,
    nested_groups,
)
from services.analytics.members import Members, bytes_of, distinct, members_of
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
_REFUSAL_PERIOD: Final = timedelta(days=1)
# How many hashes of disclosed groups are read before the groups are read whole.
_MOST_HASHES_SAMPLED: Final = 100_000
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
# The attributes under which groups were disclosed before, and those that are new.
_NewAttributes = Mapping[bytes, tuple[set[GroupAttributes], set[GroupAttributes]]]


# Without slots: Python 3.11 cannot make a frozen dataclass that has a type parameter.
@dataclass(frozen=True)
class UndisclosedAnswer(Generic[Answer]):
    """A counted answer that may not be shown before `disclose` has returned it.

    `question` names what was asked and is equal for equal questions. `groups` are the
    patients of each number in the answer. `population` is the number of patients in
    daily use, who are counted when needed if it is None. `implied` are those groups
    that follow from others, such as the last part of a whole. The recipient `needs` a
    permission. `events` are the events of each number of events, as hashes whose first
    bits are the patient's. If `is_live`, current data such as rows is shown beside the
    answer. `attribute_sets` are the attributes of each of the groups or, if there are
    none, of the events; None where the number is not disclosed under any conditions.
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
    attribute_sets: tuple[GroupAttributes | None, ...] = ()
    part_of: str = ""


@dataclass(frozen=True, slots=True)
class _NewDisclosure:
    """A group that is disclosed anew, or under `attribute_sets` that are new for it."""

    digest: bytes
    members: Members
    attribute_sets: set[GroupAttributes]


class RevealsFew(NotAllowed):
    """Beside what was disclosed before, an answer would reveal few patients.

    The refusal is an answer too: a person may have only MOST_REFUSED of them in a day.
    """

    def __init__(self, smallest_group: int) -> None:
        super().__init__(
            Sentence(
                "These counts are suppressed: together with counts that analysts "
                "have seen before, they would reveal fewer than {k} patients, or what "
                "nearly all of a group have. Ask for less (leave out a split or a "
                "condition) or for a quite different period, or open a dashboard, a "
                "saved cohort or a query that was answered before: its answer is kept.",
                k=smallest_group,
            )
        )


class TooManyRefusals(RevealsFew):
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


def disclose(
    session: Session, actor: Actor, undisclosed: UndisclosedAnswer[Answer]
) -> Answer:
    """Return the answer and log what it discloses, on the primary; the caller commits.

    A question that was answered before, and whose answer has changed by too few
    patients, gets the earlier answer again. If it has not changed at all, it keeps its
    time, since a new time would distinguish the two cases. A new question about the
    same patients as earlier ones reveals that there is nobody whom it leaves out, and
    counts like a refused one. Raises RevealsFew; TooManyRefusals for a new question of
    a person to whom many were refused; NotAllowed.
    """
    actor.require(undisclosed.needs)
    kind = TypeAdapter(type(undisclosed.answer))
    digest = _question_digest(undisclosed.question)
    with assume_role(session, "system"):
        session.execute(select(_LOCK))
        _delete_expired(session)
        logged = _LoggedGroups.compare(session, undisclosed)
        earlier = session.scalars(
            select(DisclosedAnswer.answer).where(DisclosedAnswer.digest == digest)
        ).one_or_none()
        if earlier is None and _is_over_refusal_limit(session, actor):
            raise TooManyRefusals
        if _reveals_patients(session, earlier, logged, undisclosed):
            if earlier is None:
                raise refusal(
                    actor.id, undisclosed.question, undisclosed.smallest_group
                )
            _renew_answer(session, actor, digest, earlier)
            return kind.validate_python(earlier)
        logged.store(session, actor)
        if (
            earlier is None
            and not logged.has_new
            and logged.known - _disclosed_by(session, undisclosed.part_of)
        ):
            whole = undisclosed.part_of or undisclosed.question
            _count_towards_limit(session, "unchanged", actor.id, whole)
        answer = undisclosed.answer
        if earlier is not None and not (logged.has_new or undisclosed.is_live):
            answer = _keep_time_if_same(earlier, answer, kind)
        _store_answer(session, digest, answer, kind, logged.digests)
    return answer


@dataclass(frozen=True)
class _LoggedGroups:
    """The groups of an answer by digest, and what the log knows of them already.

    `attributes` are those under which the answer discloses its groups.
    """

    groups: Mapping[bytes, Members]
    events: Mapping[bytes, Members]
    known: set[bytes]
    attributes: Mapping[bytes, set[GroupAttributes]]
    new_attributes: _NewAttributes

    @classmethod
    def compare(cls, session: Session, undisclosed: UndisclosedAnswer[Any]) -> Self:
        groups = {_digest(group): group for group in undisclosed.groups}
        events = {_digest(group): group for group in undisclosed.events}
        known = _find_known(session, {**groups, **events})
        attributes = _attributes_by_digest(undisclosed)
        new_attributes = _find_new_attributes(session, attributes, known)
        return cls(groups, events, known, attributes, new_attributes)

    @property
    def digests(self) -> Set[bytes]:
        return self.groups.keys() | self.events.keys()

    @property
    def has_new(self) -> bool:
        return bool(self.digests - self.known)

    def newly_disclosed(self, groups: Mapping[bytes, Members]) -> list[_NewDisclosure]:
        """Return the groups that the answer discloses anew, by members or attributes.

        That a number was disclosed before, by a table of words for example, is no
        reason to disclose it with attributes as well: beside others it may reveal what
        all of them have.
        """
        nothing_new = set[GroupAttributes](), set[GroupAttributes]()
        return [
            _NewDisclosure(
                digest, group, self.new_attributes.get(digest, nothing_new)[1]
            )
            for digest, group in groups.items()
            if digest not in self.known or digest in self.new_attributes
        ]

    def store(self, session: Session, actor: Actor) -> None:
        """Record that the groups are disclosed, those that were known once more."""
        _renew_groups(session, actor, self.known)
        for groups, of_events in ((self.groups, False), (self.events, True)):
            new = {key: group for key, group in groups.items() if key not in self.known}
            _store_groups(session, actor, new, self.attributes, of_events=of_events)
        _add_attributes(session, self.new_attributes, self.known)


def _reveals_patients(
    session: Session,
    earlier: Mapping[str, Any] | None,
    logged: _LoggedGroups,
    undisclosed: UndisclosedAnswer[Any],
) -> bool:
    """Return whether the answer, beside what was disclosed, would reveal a few."""
    new, new_events = map(logged.newly_disclosed, (logged.groups, logged.events))
    return (
        _reveals_departure(session, earlier, logged.digests, undisclosed)
        or any(starmap(_reveals_common_attribute, logged.new_attributes.values()))
        or _reveals_few_patients(session, new, logged.known, undisclosed)
        or _reveals_few_by_events(session, new_events, logged.known, undisclosed)
    )


@dataclass(frozen=True)
class CompositeAnswer(Generic[Answer]):
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
            _store_answer(session, digest, answer, TypeAdapter(self.kind), groups)

    def disclose(self, session: Session, actor: Actor) -> Answer | None:
        """Return the answer that is kept, or None; on the primary, the caller commits.

        The log remembers its groups for as long as those of a new answer. Raises
        NotAllowed.
        """
        actor.require(Permission.COUNT_COHORTS)
        is_answer = DisclosedAnswer.digest == _question_digest(self.question)
        with assume_role(session, "system"):
            session.execute(select(_LOCK))
            _delete_expired(session)
            kept = session.scalars(select(DisclosedAnswer.answer).where(is_answer))
            answer = kept.one_or_none()
            if answer is None:
                return None
            _renew_groups(session, actor, set(map(bytes.fromhex, answer[_GROUPS])))
        return TypeAdapter(self.kind).validate_python(answer)


def require_within_refusal_limit(session: Session, actor: Actor) -> None:
    """Raise TooManyRefusals if too much was refused to the actor for a new answer."""
    with assume_role(session, "system"):
        if _is_over_refusal_limit(session, actor):
            raise TooManyRefusals


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
        _count_towards_limit(session, "refused", person_id, question)


def _count_towards_limit(
    session: Session, what: str, person_id: UUID, question: str
) -> None:
    """Count a refused or unchanged question towards the person's daily limit."""
    digest = hashlib.sha256(f"{what} {person_id} {question}".encode()).digest()
    to = {_REFUSED_TO: str(person_id)}
    new = insert(DisclosedAnswer).values(digest=digest, answer=to)
    session.execute(
        new.on_conflict_do_update(
            index_elements=[DisclosedAnswer.digest], set_={"told_at": func.now()}
        )
    )


def _is_over_refusal_limit(session: Session, actor: Actor) -> bool:
    refused = select(func.count()).where(
        DisclosedAnswer.disclosed_at > func.now() - _REFUSAL_PERIOD,
        DisclosedAnswer.answer[_REFUSED_TO].astext == str(actor.id),
    )
    return session.scalars(refused).one() >= MOST_REFUSED


def _find_known(session: Session, groups: Collection[bytes]) -> set[bytes]:
    known = select(DisclosedGroup.digest).where(DisclosedGroup.digest.in_(groups))
    return set(session.scalars(known))


def _disclosed_by(session: Session, question: str) -> set[bytes]:
    """Return the digests of the groups that a question's latest answer disclosed."""
    is_answer = DisclosedAnswer.digest == _question_digest(question)
    answer = select(DisclosedAnswer.answer[_GROUPS])
    groups = session.scalars(answer.where(is_answer)).first()
    return set(map(bytes.fromhex, groups or ()))


def _reveals_departure(
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


def _attributes_by_digest(
    undisclosed: UndisclosedAnswer[Any],
) -> dict[bytes, set[GroupAttributes]]:
    """Return the attributes of groups, by digest; none if every number is shown."""
    attributes_by_digest: dict[bytes, set[GroupAttributes]] = {}
    if undisclosed.smallest_group > 1:
        groups = undisclosed.groups or undisclosed.events
        for group, attributes in zip(groups, undisclosed.attribute_sets, strict=False):
            if attributes is not None:
                attributes_by_digest.setdefault(_digest(group), set()).add(attributes)
    return attributes_by_digest


def _find_new_attributes(
    session: Session,
    attributes_by_digest: Mapping[bytes, Collection[GroupAttributes]],
    known: Collection[bytes],
) -> _NewAttributes:
    """Return the earlier and the new attributes of groups that have new ones."""
    rows = session.execute(
        select(DisclosedGroup.digest, DisclosedGroup.namings).where(
            DisclosedGroup.digest.in_(known)
        )
    )
    before = {
        digest: set(map(frozenset, attribute_sets)) for digest, attribute_sets in rows
    }
    both = {
        digest: (
            before.get(digest, set()),
            set(attribute_sets) - before.get(digest, set()),
        )
        for digest, attribute_sets in attributes_by_digest.items()
    }
    return {digest: pair for digest, pair in both.items() if pair[1]}


def _reveals_common_attribute(
    before: Collection[GroupAttributes], new: Collection[GroupAttributes]
) -> bool:
    """Return whether a group is disclosed under some attributes and part of these."""
    return any(is_nested(attributes, {*before, *new}) for attributes in new)


def _reveals_few_patients(
    session: Session,
    newly_disclosed: Sequence[_NewDisclosure],
    known: set[bytes],
    undisclosed: UndisclosedAnswer[Any],
) -> bool:
    if not newly_disclosed:
        return False
    new, implied = _members(newly_disclosed), set(map(_digest, undisclosed.implied))
    k, population = undisclosed.smallest_group, undisclosed.population
    is_wanted = is_compared(new, k) | (
        DisclosedGroup.digest.in_(known) & ~DisclosedGroup.of_events
    )
    # Sums of all groups are sums of those that imply the others; and no group is apart
    # from itself as it was disclosed before.
    needed = [each.members for each in newly_disclosed if each.digest not in implied]
    is_another = DisclosedGroup.digest.not_in([each.digest for each in newly_disclosed])
    if are_provably_safe(session, needed, is_wanted & is_another, k):
        return False
    if population is None:
        in_use = select(func.count()).where(Patient.deleted_at.is_(None))
        population = session.scalars(in_use).one()
    disclosed, nested = _read_compared_groups(session, is_wanted, newly_disclosed)
    return reveals_few(new, disclosed, population, k, nested)


def _members(newly_disclosed: Sequence[_NewDisclosure]) -> list[Members]:
    return [each.members for each in newly_disclosed]


def _read_compared_groups(
    session: Session,
    is_wanted: ColumnElement[bool],
    newly_disclosed: Sequence[_NewDisclosure],
) -> tuple[list[Members], Sequence[NestedGroups]]:
    """Return the members of wanted disclosed groups, and which groups name more."""
    rows = session.execute(
        select(DisclosedGroup.members, DisclosedGroup.namings).where(is_wanted)
    ).all()
    nested = nested_groups(
        [each.attribute_sets for each in newly_disclosed],
        [list(map(frozenset, attribute_sets)) for _, attribute_sets in rows],
    )
    return [members_of(members) for members, _ in rows], nested


def _reveals_few_by_events(
    session: Session,
    newly_disclosed: Sequence[_NewDisclosure],
    known: set[bytes],
    undisclosed: UndisclosedAnswer[Any],
) -> bool:
    if not newly_disclosed:
        return False
    groups, k = _members(newly_disclosed), undisclosed.smallest_group
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
    disclosed, nested = _read_compared_groups(session, is_wanted, newly_disclosed)
    return events_reveal_few(groups, disclosed, PATIENT_SHIFT, k, nested)


def _differ_in_few_events(session: Session, new: Sequence[Members], k: int) -> bool:
    """Return whether a group differs from any disclosed one in events of few patients.

    Two such groups are of about as many patients, however many events these have. They
    are read a few at a time: together they may not fit into memory.
    """
    _count_patients(session)
    for group in new:
        number = count_distinct_patients(group, PATIENT_SHIFT)
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
        number = count_distinct_patients(members_of(members), PATIENT_SHIFT)
        counted = update(DisclosedGroup).where(DisclosedGroup.digest == digest)
        session.execute(counted.values(patients=number))


def are_provably_safe(
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
    share = min(1.0, _MOST_HASHES_SAMPLED / max(total, 1))
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
        disclosed_groups = [_cut_at(end, group) for group in disclosed_groups]
        new = [_cut_at(end, group) for group in new]
        bystanders = _cut_at(end, bystanders)
    return all(
        is_provably_safe(group, [*disclosed_groups, *new[:place]], bystanders, k)
        for place, group in enumerate(new)
    )


def _cut_at(end: np.int64, group: Members) -> Members:
    return group[: np.searchsorted(group, end, side="right")]


def is_compared(new: Sequence[Members], k: int) -> ColumnElement[bool]:
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
    return hashlib.sha256(bytes_of(group)).digest()


def _renew_groups(session: Session, actor: Actor, known: set[bytes]) -> None:
    if known:
        again = {"disclosed_at": func.now(), "disclosed_to": actor.id}
        is_known = DisclosedGroup.digest.in_(known)
        session.execute(update(DisclosedGroup).where(is_known).values(again))


def _renew_answer(
    session: Session, actor: Actor, digest: bytes, earlier: Mapping[str, Any]
) -> None:
    """Remember an earlier answer that is disclosed again, as long as a new one.

    Otherwise it would be forgotten although it was just shown, and the next answer
    would differ from it by few patients.
    """
    _renew_groups(session, actor, set(map(bytes.fromhex, earlier.get(_GROUPS, ()))))
    again = update(DisclosedAnswer).where(DisclosedAnswer.digest == digest)
    session.execute(again.values(disclosed_at=func.now()))


def _store_groups(
    session: Session,
    actor: Actor,
    new: dict[bytes, Members],
    attributes_by_digest: Mapping[bytes, Collection[GroupAttributes]],
    *,
    of_events: bool,
) -> None:
    if new:
        rows = [
            {
                "digest": digest,
                "size": len(group),
                "members": bytes_of(group),
                "told_to": actor.id,
                "of_events": of_events,
                "patients": (
                    count_distinct_patients(group, PATIENT_SHIFT) if of_events else None
                ),
                "namings": list(map(sorted, attributes_by_digest.get(digest, ()))),
            }
            for digest, group in new.items()
        ]
        session.execute(insert(DisclosedGroup).values(rows))


def _add_attributes(
    session: Session,
    new_attributes: _NewAttributes,
    known: Collection[bytes],
) -> None:
    """Record further attributes of known groups, often the same for a whole answer."""
    alike: dict[frozenset[GroupAttributes], list[bytes]] = {}
    for digest, (_, new) in new_attributes.items():
        if digest in known:
            alike.setdefault(frozenset(new), []).append(digest)
    for besides, digests in alike.items():
        both = DisclosedGroup.namings + cast(list(map(sorted, besides)), JSONB)
        are_alike = DisclosedGroup.digest.in_(digests)
        session.execute(update(DisclosedGroup).where(are_alike).values(namings=both))


def _keep_time_if_same(
    earlier: Mapping[str, Any], answer: Answer, kind: TypeAdapter[Answer]
) -> Answer:
    """Return an answer as of the time it was first given, if it is still the same."""
    now = kind.dump_python(answer, mode="json")
    if _COUNTED_AT not in now:
        return answer
    before: Any = kind.validate_python(earlier)
    # As this version would keep it: the one that did may not have known every field.
    before_now = kind.dump_python(before, mode="json")
    if {**before_now, _COUNTED_AT: now[_COUNTED_AT]} != now:
        return answer
    known: Any = answer
    same: Answer = replace(known, counted_at=before.counted_at)
    return same


def _store_answer(
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


def _delete_expired(session: Session) -> None:
    for table in (DisclosedGroup, DisclosedAnswer):
        is_old = table.disclosed_at < func.now() - REMEMBERED_FOR
        session.execute(delete(table).where(is_old))
