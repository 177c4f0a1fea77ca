"""The databases in one actor's name: limited by their role, and written down."""

from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from db.postgres import (
    Database,
    DatabaseIdentity,
    DatabaseUnavailable,
    DiskFull,
    Lsn,
    NoPrimary,
    OutcomeUnknown,
    Read,
    Refused,
    WriteResult,
)
from db.spool import SpoolUnavailable
from services.core import audit, throttling
from services.core.actors import Actor, Permission
from services.core.audit import Action, Event, Origin
from services.core.audit_without_primary import Spooling
from services.core.errors import NotAllowed, NotFound, ServiceError, Unavailable
from services.core.throttling import LimitReached, Throttle


class Closable(Protocol):
    """Something that holds on to what it needs until it is closed."""

    def close(self) -> object:
        """Let go of what is held."""


T = TypeVar("T")
Begun = TypeVar("Begun", bound=Closable)


class RefusedByDatabase(NotAllowed):
    """PostgreSQL's own rules stopped what no page should have offered."""

    def __init__(self) -> None:
        super().__init__(
            "Your role may not do this: the database itself refuses it. "
            "Ask an administrator if your work needs it."
        )


class NotRecorded(Unavailable):
    """What was asked for could not be written down, so there is no answer."""

    def __init__(self) -> None:
        super().__init__(
            "This cannot be written into the audit log right now, so it is not shown. "
            "Nothing is lost; try again in a few seconds."
        )


@dataclass(frozen=True, slots=True)
class ActorDatabase:
    """Reads and writes as one actor, from one place.

    What a read records is committed on the primary before its answer is returned or,
    where nobody leads for longer, is on this machine's disk (`spool`); if neither can
    be done there is no answer, but NotRecorded. A refusal is recorded too. Operations
    may run several times and only use their session, as with `Database`.
    """

    database: Database
    actor: Actor
    origin: Origin = field(default_factory=Origin)
    spool: Spooling | None = None

    def read(
        self, operation: Callable[[Session], T], *, after: Lsn | None = None
    ) -> Read[T]:
        """Read near; what a replica does not know, the primary is asked about."""
        with self.recording_refusals():
            read, events = self._find(operation, after)
            self._keep(events)
            return read

    def read_elsewhere(
        self, elsewhere: Database, operation: Callable[[Session], T]
    ) -> Read[T]:
        """Read from other servers than usual; what that records is kept on our own."""
        with self.recording_refusals():
            read = elsewhere.read(
                _with_events(operation), identity=self.actor.database_identity
            )
            value, events = read.value
            self._keep(events)
            return Read(value, read.served)

    def read_ahead(
        self,
        operation: Callable[[Session], T],
        begin: Callable[[T], Begun],
        *,
        after: Lsn | None = None,
    ) -> tuple[Read[T], Begun]:
        """Read, and begin with what was read while the reading is written down.

        Nothing of it is given away before that is committed: what has begun is closed
        if it cannot be. `begin` runs in this thread, and its errors are raised.
        """
        with self.recording_refusals():
            read, events = self._find(operation, after)
            with ThreadPoolExecutor(1) as aside:
                recording = aside.submit(self._keep, events)
                begun = begin(read.value)
                try:
                    recording.result()
                except BaseException:
                    begun.close()
                    raise
            return read, begun

    def write(
        self,
        operation: Callable[[Session], T],
        *,
        key: UUID | None = None,
        gives_way: bool = False,
    ) -> WriteResult[T]:
        """Run and commit a transaction on the primary exactly once."""
        with self.recording_refusals():
            return self.database.write(
                operation,
                key=key,
                identity=self.actor.database_identity,
                gives_way=gives_way,
            )

    def stream(
        self,
        operation: Callable[[Session], Iterator[T]],
        *,
        after: Lsn | None = None,
    ) -> Generator[T]:
        """Yield what the operation reads in one transaction, recorded before it."""
        with self.database.reading(
            after, identity=self.actor.database_identity
        ) as session:
            # Left before the first piece is given away: whoever asks for the others
            # may do so in another thread, which has another context.
            with self.recording_refusals():
                pieces, events = _with_events(operation)(session)
                self._keep(events)
            yield from pieces

    def record(self, operation: Callable[[Session], None]) -> None:
        """Write down a look at what was read before; raises NotRecorded."""
        with audit.coming_from(self.origin):
            self._keep(audit.events_of(operation))

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless the actor may, and write the refusal down."""
        with self.recording_refusals():
            self.actor.require(permission)

    def count_upload(self, throttle: Throttle, *, is_begun: bool = False) -> None:
        """Count a file that the actor sends; raises LimitReached, written down once."""
        with audit.coming_from(self.origin):
            try:
                throttling.count_upload(throttle, self.actor, is_begun=is_begun)
            except LimitReached as refusal:
                if refusal.is_first:
                    self._record(refusal)
                raise

    @contextmanager
    def recording_refusals(self) -> Iterator[None]:
        """Write down what is refused inside; all else comes from this origin."""
        with audit.coming_from(self.origin):
            try:
                yield
            except Refused as error:
                refusal = RefusedByDatabase()
                self._record(refusal)
                raise refusal from error
            except ServiceError as refusal:
                self._keep_failed(refusal)
                if isinstance(refusal, NotAllowed) or (
                    isinstance(refusal, NotFound) and refusal.patient_id is not None
                ):
                    self._record(refusal)
                raise

    def _find(
        self, operation: Callable[[Session], T], after: Lsn | None
    ) -> tuple[Read[T], list[Event]]:
        read = self.database.find(
            _with_events(operation),
            missing=NotFound,
            after=after,
            identity=self.actor.database_identity,
        )
        value, events = read.value
        return Read(value, read.served), events

    def _keep_failed(self, refusal: ServiceError) -> None:
        # Once, wherever else the refusal passes through.
        events, refusal.failed_events = refusal.failed_events, ()
        self._keep(events)
        note, refusal.note_refusal = refusal.note_refusal, None
        if note is not None:
            self.database.write(note, identity=self.actor.database_identity)

    def _record(self, refusal: NotAllowed | NotFound | LimitReached) -> None:
        if isinstance(refusal, LimitReached):
            action, details = Action.LIMIT_REACH, {"limit": refusal.limit.name}
        else:
            action, details = Action.ACCESS_REFUSE, {"sentence": str(refusal)}
        event = audit.event_of(
            self.actor,
            action,
            patient_id=getattr(refusal, "patient_id", None),
            outcome="refused",
            details=details,
        )
        self._keep([event])

    def _keep(self, events: Sequence[Event]) -> None:
        if events:
            write_down(
                self.database,
                events,
                identity=self.actor.database_identity,
                spool=self.spool,
            )


def write_down(
    database: Database,
    events: Sequence[Event],
    *,
    identity: DatabaseIdentity,
    spool: Spooling | None,
) -> None:
    """Write events down where they last; raises NotRecorded if they nowhere would."""
    try:
        database.write(
            lambda session: audit.keep(session, events),
            identity=identity,
            gives_way=spool is not None,
        )
    except (DiskFull, NoPrimary, OutcomeUnknown) as error:
        if spool is None:
            raise NotRecorded from error
        key = error.key if isinstance(error, OutcomeUnknown) else None
        try:
            spool.keep(events, key=key)
        except SpoolUnavailable as full:
            raise NotRecorded from full
    except DatabaseUnavailable as error:
        raise NotRecorded from error


def _with_events(
    operation: Callable[[Session], T],
) -> Callable[[Session], tuple[T, list[Event]]]:
    def run(session: Session) -> tuple[T, list[Event]]:
        with audit.collected(session) as events:
            return operation(session), events

    return run
