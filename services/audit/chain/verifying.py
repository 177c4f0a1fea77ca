"""Follows the whole chain, reports where it first breaks, and seals one that is whole.

While it reads, events continue to be shipped. So what has to be in the log is taken
from the head as it was before, and what must not be in it from the head as it is
afterwards.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from db.files.seal_keys import SealKeys
from db.models.audit import AuditEvent, AuditHead
from db.mongo.audit_access import KEPT_DAYS
from db.mongo.audit_store import AuditStore, Document
from db.postgres import SYSTEM, Database
from services.audit.chain import seals, shipping
from services.audit.chain.entries import START, ChainBroken, Link, follow, is_sound
from services.audit.chain.seals import Seal
from services.core.audit import Action
from services.core.sentences import Sentence, on_day_at_in_utc

_KEPT: Final = timedelta(days=KEPT_DAYS)
_MOST_LISTED: Final = 3


@dataclass(frozen=True, slots=True)
class RowsRestored:
    """An entry that says that the rows, not the log, went back to an earlier time."""

    sequence: int
    at: datetime
    to: datetime | None

    @classmethod
    def read(cls, document: Document) -> "RowsRestored":
        """Read an entry of `backup:go-back`."""
        return cls(document["_id"], document["at"], _time_of(document["details"]))

    def words(self, write: Callable[[datetime], str]) -> str:
        """Return when it happened, and to which time, with times as `write` does."""
        return Sentence(
            "{time} to {to} (entry {number})",
            time=write(self.at),
            to=write(self.to) if self.to else "?",
            number=self.sequence,
        )


@dataclass(frozen=True, slots=True)
class ChainVerification:
    """The result; `broken` is the first link that does not hold.

    `last` is the newest entry's number, `checked` how many entries there are, `waiting`
    how many events have yet to be added to the log, `went_back` when rows were
    restored, `unproven` the last seal that cannot be checked because its key was lost.
    """

    checked: int
    last: int
    waiting: int
    sealed_at: datetime | None
    sealed: int
    broken: ChainBroken | None
    went_back: tuple[RowsRestored, ...]
    unproven: Seal | None

    @property
    def is_whole(self) -> bool:
        """Whether nothing was edited, deleted, added or put in another order.

        That is proven only for what came after `unproven`.
        """
        return self.broken is None

    @property
    def sentence(self) -> str:
        """The result in words, with times in UTC, as the log keeps it."""
        return self.sentence_with(on_day_at_in_utc)

    def sentence_with(self, write: Callable[[datetime], str]) -> str:
        """Return the result in words, with times as `write` does."""
        if self.broken is not None:
            return Sentence(
                "The audit log is broken at entry {number}: {why}",
                number=self.broken.sequence,
                why=self.broken.args[0],
            )
        whole = Sentence(
            "The audit log is whole up to entry {last} ({checked} checked), {seal}; "
            "events that have yet to be added: {waiting}.",
            last=self.last,
            checked=self.checked,
            seal=self._seal(write),
            waiting=self.waiting,
        )
        if self.unproven is not None:
            whole = Sentence(
                "{whole} The key of the seals up to entry {number} ({time}) was lost, "
                "so that these cannot be checked any more: nothing proves that what "
                "was in the log before the key was replaced is what was written.",
                whole=whole,
                number=self.unproven.link.sequence,
                time=write(self.unproven.sealed_at),
            )
        if not self.went_back:
            return whole
        times = [each.words(write) for each in self.went_back[-_MOST_LISTED:]]
        named = {f"time_{number}": each for number, each in enumerate(times)}
        listed = "; ".join(f"{{{name}}}" for name in named)
        return Sentence(
            "{whole} The clinic went back in time on {times}.",
            whole=whole,
            times=Sentence(listed, **named),
        )

    def _seal(self, write: Callable[[datetime], str]) -> str:
        if self.sealed_at is None:
            return Sentence("not yet sealed")
        return Sentence(
            "sealed up to entry {number} on {time}",
            number=self.sealed,
            time=write(self.sealed_at),
        )


def _time_of(details: str) -> datetime | None:
    """Return to when an entry's rows went back, in UTC; None if the entry is forged.

    Forgery is found by the entry's hash or a seal, once all entries were followed.
    """
    try:
        return datetime.fromisoformat(json.loads(details)["to"]).astimezone(UTC)
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        return None


@dataclass(frozen=True, slots=True)
class _Proofs:
    """What PostgreSQL knows of the chain."""

    head: Link | None
    seals: tuple[Seal, ...]
    waiting: int


@dataclass(slots=True)
class _Walk:
    """How far the chain was followed, and which entries are beyond the head."""

    end: Link
    checked: int = 0
    broken: ChainBroken | None = None
    beyond: list[Document] = field(default_factory=list)
    went_back: list[RowsRestored] = field(default_factory=list)


def verify(database: Database, store: AuditStore, keys: SealKeys) -> ChainVerification:
    """Verify every entry from the first to the last.

    The caller checks the permission. Raises AuditStoreUnavailable and
    DatabaseUnavailable.
    """
    return verify_after(START, database, store, keys)[0]


def verify_after(
    start: Link, database: Database, store: AuditStore, keys: SealKeys
) -> tuple[ChainVerification, Link]:
    """Verify the entries after a link; return also the head that was verified."""
    before = database.read_latest(_proofs, identity=SYSTEM).value
    head = before.head or START
    walk = _follow_all(start, store, _marks(before, head), head)

    def finish(session: Session) -> tuple[_Proofs, ChainBroken | None]:
        after = _proofs(session)
        return after, _judge_beyond(session, walk, after.head or START)

    after, stranger = database.read_latest(finish, identity=SYSTEM).value
    findings = (
        _judge_head(before, head),
        seals.check(before.seals, keys),
        walk.broken or _judge_end(walk.end, head) or stranger,
    )
    unproven = seals.unproven(before.seals, keys)
    verdict = ChainVerification(
        checked=walk.checked,
        last=walk.end.sequence,
        waiting=after.waiting,
        sealed_at=before.seals[-1].sealed_at if before.seals else None,
        sealed=before.seals[-1].link.sequence if before.seals else 0,
        broken=_first(findings),
        went_back=tuple(walk.went_back),
        unproven=unproven[-1] if unproven else None,
    )
    return verdict, head


def _proofs(session: Session) -> _Proofs:
    head = session.execute(select(AuditHead.sequence, AuditHead.hash)).one_or_none()
    return _Proofs(
        Link(head.sequence, head.hash) if head else None,
        seals.list_seals(session),
        session.scalar(select(func.count()).select_from(AuditEvent)) or 0,
    )


def _marks(proofs: _Proofs, head: Link) -> Mapping[int, Sequence[tuple[Link, str]]]:
    """Return the links that the head or a seal vouches for, and which of these does."""
    marks: dict[int, list[tuple[Link, str]]] = {
        head.sequence: [(head, Sentence("The head in PostgreSQL"))]
    }
    for seal in proofs.seals:
        sealed_on = seal.sealed_at.date()
        vouching = (seal.link, Sentence("The seal of {day}", day=sealed_on))
        marks.setdefault(seal.link.sequence, []).append(vouching)
    return marks


def _follow_all(
    start: Link,
    store: AuditStore,
    marks: Mapping[int, Sequence[tuple[Link, str]]],
    head: Link,
) -> _Walk:
    walk = _Walk(start)
    try:
        _compare(start, marks.get(start.sequence, ()))
        for document in store.walk_after(start.sequence):
            if not walk.checked:
                walk.end = _beginning(start, document)
            walk.end = follow(walk.end, document)
            walk.checked += 1
            if document["action"] == Action.BACKUP_GO_BACK:
                walk.went_back.append(RowsRestored.read(document))
            _compare(walk.end, marks.get(walk.end.sequence, ()))
            if walk.end.sequence > head.sequence:
                walk.beyond.append(document)
    except ChainBroken as broken:
        walk.broken = broken
    return walk


def _beginning(start: Link, document: Document) -> Link:
    """Return the link before the first entry that exists.

    Entries of more than ten years are deleted, the oldest first. So the log may begin
    later if its first entry is that old: then what is gone was older still.
    """
    if start != START or not is_sound(document):
        return start
    if document["shipped_at"] >= datetime.now(UTC) - _KEPT:
        return start
    try:
        return Link(document["_id"] - 1, bytes.fromhex(document["previous"]))
    except ValueError:
        return start


def _compare(link: Link, marks: Iterable[tuple[Link, str]]) -> None:
    for mark, who in marks:
        if mark.hash != link.hash:
            raise ChainBroken(
                link.sequence,
                Sentence(
                    "{who} knows another entry {number}: it, or one before it, was "
                    "written anew.",
                    who=who,
                    number=link.sequence,
                ),
            )


def _judge_head(proofs: _Proofs, head: Link) -> ChainBroken | None:
    if proofs.head is None:
        return ChainBroken(0, "The head of the audit log is gone from PostgreSQL.")
    newest = max(proofs.seals, key=lambda seal: seal.link.sequence, default=None)
    if newest is not None and newest.link.sequence > head.sequence:
        return ChainBroken(
            head.sequence + 1,
            Sentence(
                "The seal of {day} knows {sealed} entries, the head in PostgreSQL only "
                "{number}: it was set back.",
                day=newest.sealed_at.date(),
                sealed=newest.link.sequence,
                number=head.sequence,
            ),
        )
    return None


def _judge_end(end: Link, head: Link) -> ChainBroken | None:
    if end.sequence >= head.sequence:
        return None
    missing = end.sequence + 1
    return ChainBroken(
        missing,
        Sentence(
            "Entry {number} is missing, and all up to {last}.",
            number=missing,
            last=head.sequence,
        ),
    )


def _judge_beyond(session: Session, walk: _Walk, head: Link) -> ChainBroken | None:
    """Return the first entry beyond the head that no waiting event explains.

    An event that is in the log already waits until the next shipment notices that.
    """
    beyond = [document for document in walk.beyond if document["_id"] > head.sequence]
    waiting = shipping.waiting_events(session, beyond) if beyond else {}
    for document in beyond:
        if not shipping.is_entry_of(document, waiting.get(document["event"])):
            return shipping.without_event(document["_id"])
    return None


def _first(findings: Iterable[ChainBroken | None]) -> ChainBroken | None:
    return min(filter(None, findings), key=lambda broken: broken.sequence, default=None)


def seal(database: Database, store: AuditStore, keys: SealKeys) -> Seal:
    """Sign the end of the chain and return the seal.

    Raises ChainBroken rather than vouch for a chain that does not follow from the last
    seal, and UnusableKey if there is nothing to sign with.
    """
    known = database.read_latest(seals.list_seals, identity=SYSTEM).value
    # What follows from a seal that nobody can check is followed from the beginning.
    is_proven = bool(known) and not seals.unproven(known[-1:], keys)
    start = known[-1].link if is_proven else START
    verdict, head = verify_after(start, database, store, keys)
    if verdict.broken is not None:
        raise verdict.broken
    return database.write(
        lambda session: seals.add(session, head, keys), identity=SYSTEM
    ).value
