"""The databases in one actor's name: limited by their role, and recorded."""

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
from services.core.actors import Actor, Permission, Role
from services.core.audit import Action, Event, Origin
from services.core.audit_without_primary import EventSpool
from services.core.errors import NotAllowed, NotFound, ServiceError, Unavailable
from services.core.throttling import LimitReached, Throttle


class Closable(Protocol):
    """Something that holds resources until it is closed."""

    def close(self) -> object:
        """Release what is held."""


T = TypeVar("T")
Begun = TypeVar("Begun", bound=Closable)


class RefusedByDatabase(NotAllowed):
    """PostgreSQL's own rules refused what no page should have offered."""

    def __init__(self, role: Role) -> None:
        if role is Role.PATIENT:
            # They know no administrator.
            super().__init__(
                "This cannot be done with your sign-in. Please ask the clinic."
            )
        else:
            super().__init__(
                "Your role may not do this: the database itself refuses it. "
                "Ask an administrator if your work needs it."
            )


class NotRecorded(Unavailable):
    """The read could not be recorded, so it has no answer."""

    def __init__(self) -> None:
        super().__init__(
            "This cannot be recorded in the audit log right now, so it is not shown. "
            "Nothing is lost; try again in a few seconds."
        )


@dataclass(frozen=True, slots=True)
class ActorDatabase:
    """Reads and writes as one actor, from one origin.

    The events of a read are committed on the primary before its answer is returned or,
    in a longer absence, are on this machine's disk (`spool`); if neither is possible,
    NotRecorded is raised instead. A refusal is recorded too. As with `Database`,
    operations may run several times and must use nothing but their session.

    What somebody reads who sees lists without names is one snapshot: the rows of a list
    must be those of the group whose number was found to reveal nobody.
    """

    database: Database
    actor: Actor
    origin: Origin = field(default_factory=Origin)
    spool: EventSpool | None = None

    def read(
        self, operation: Callable[[Session], T], *, after: Lsn | None = None
    ) -> Read[T]:
        """Read from a near server; ask the primary for what a replica does not have."""
        with self.recording_refusals():
            read, events = self._find(operation, after)
            self._keep(events)
            return read

    def read_elsewhere(
        self, elsewhere: Database, operation: Callable[[Session], T]
    ) -> Read[T]:
        """Read from servers other than usual; record the read on our own."""
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
        """Read, and begin to use what was read while the read is being recorded.

        Nothing is given away before the record is committed: if it cannot be, what was
        begun is closed. `begin` runs in this thread, and its errors are raised.
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
        """Yield what the operation reads in one snapshot, recorded beforehand."""
        with self.database.reading(
            after, identity=self.actor.database_identity, is_snapshot=True
        ) as session:
            # Left before the first piece is yielded: the others may be requested in
            # another thread, which has another context.
            with self.recording_refusals():
                pieces, events = _with_events(operation)(session)
                self._keep(events)
            yield from pieces

    def record(self, operation: Callable[[Session], None]) -> None:
        """Record a look at what was read before. Raises NotRecorded."""
        with audit.with_origin(self.origin):
            self._keep(audit.events_of(operation))

    def require(self, permission: Permission) -> None:
        """Raise NotAllowed unless the actor may, and record the refusal."""
        with self.recording_refusals():
            self.actor.require(permission)

    def count_upload(self, throttle: Throttle, *, is_begun: bool = False) -> None:
        """Count a file that the actor sends, whatever becomes of it.

        Raises LimitReached, recorded once.
        """
        with audit.with_origin(self.origin):
            try:
                throttling.count_upload(throttle, self.actor, is_begun=is_begun)
            except LimitReached as refusal:
                if refusal.is_first:
                    self._record(refusal)
                raise

    @contextmanager
    def counting_upload(self, throttle: Throttle) -> Iterator[None]:
        """Count a file that is filed inside. Raises LimitReached, recorded once.

        If the block raises, the file counts as sent, and not as filed.
        """
        self.count_upload(throttle)
        try:
            yield
        except BaseException:
            throttling.uncount_upload(throttle, self.actor)
            raise

    @contextmanager
    def recording_refusals(self) -> Iterator[None]:
        """Record what is refused inside; all events there get this origin."""
        with audit.with_origin(self.origin):
            try:
                yield
            except Refused as error:
                refusal = RefusedByDatabase(self.actor.role)
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
            is_snapshot=self.actor.may(Permission.LIST_PATIENTS)
            and not self.actor.may(Permission.VIEW_NAMES),
        )
        value, events = read.value
        return Read(value, read.served), events

    def _keep_failed(self, refusal: ServiceError) -> None:
        # Cleared first, so that they are written once even if the refusal passes here
        # again.
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
            record_or_spool(
                self.database,
                events,
                identity=self.actor.database_identity,
                spool=self.spool,
            )


def record_or_spool(
    database: Database,
    events: Sequence[Event],
    *,
    identity: DatabaseIdentity,
    spool: EventSpool | None,
) -> None:
    """Write events to the log or the spool. Raises NotRecorded if neither can."""
    try:
        database.write(
            lambda session: audit.write_events(session, events),
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
        with audit.collecting_events(session) as events:
            return operation(session), events

    return run
