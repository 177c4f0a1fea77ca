"""Carries out operations beside the page, and keeps the history up to date."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from threading import Event, Lock, Thread
from time import monotonic, sleep
from types import MappingProxyType
from typing import Final
from uuid import UUID, uuid4

from sqlalchemy.orm import Session

from db.cluster import server_locks
from db.cluster.server_locks import ServerLocks
from db.postgres import SYSTEM, DatabaseUnavailable, Lsn, WriteResult
from db.postgres.connections.server_addresses import ServerAddresses
from services.cluster.operations import (
    authorization,
    changing,
    governing,
    journal,
    mending,
)
from services.cluster.operations.journal import PlannedSwitchover
from services.cluster.operations.previewing import preview, require_possible
from services.cluster.operations.probing import forget_old
from services.cluster.operations.progress import Progress
from services.cluster.operations.refusals import CannotAct, ServersBusy
from services.cluster.operations.requests import Cost, OperationKind, OperationRequest
from services.cluster.operations.servers import Servers
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Permission
from services.core.errors import ServiceError

_log = logging.getLogger(__name__)
# Kinds of operations on the one server that is named.
_OF_ONE_SERVER: Final = frozenset(
    {OperationKind.REJOIN, OperationKind.REINIT, OperationKind.RESTART}
)
_NOTE_SECONDS: Final = 1.0
_MOST_KNOWN: Final = 20
_PERSISTENCE_SECONDS: Final = 900.0
# Not the journal's own lock, which is held for an instant and waited for.
_LOCK: Final = "chartroom.cluster_acts.running"

OperationHandler = Callable[[Servers, OperationRequest, UUID, Progress], Cost]
HANDLERS: Final[Mapping[OperationKind, OperationHandler]] = MappingProxyType(
    {
        OperationKind.SWITCHOVER: changing.change_primary,
        OperationKind.FAILOVER: changing.change_primary,
        OperationKind.REJOIN: mending.rejoin,
        OperationKind.REINIT: mending.reinit,
        OperationKind.RESTART: mending.restart,
        OperationKind.PAUSE: governing.pause,
        OperationKind.RESUME: governing.resume,
        OperationKind.SETTINGS: governing.change_settings,
        OperationKind.ADD_REPLICA: governing.add_replica,
        OperationKind.REMOVE_REPLICA: governing.remove_replica,
        OperationKind.PAUSE_REPLAY: governing.pause_replay,
    }
)


@dataclass(slots=True)
class RunningOperation:
    """An operation of this process: its progress, and its outcome.

    It has `ended` when the outcome is known, and is `kept` once the history has it,
    too.
    """

    id: UUID
    request: OperationRequest
    progress: Progress = field(default_factory=Progress)
    ended: Event = field(default_factory=Event)
    kept: Event = field(default_factory=Event)
    cost: Cost | None = None
    refusal: str | None = None
    # Where the log has the request; None if nobody led when it began.
    requested_at: Lsn | None = None
    # What is yet to be recorded, because nobody led when it began.
    write_down: Callable[[], object] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the operation is still running."""
        return not self.ended.is_set()


class OperationRunner:
    """Carries out operations in this process, in threads of its own.

    Only one runs at a time, in whichever process: the history refuses a second one
    while somebody leads, and a lock on the servers that answer always does.
    """

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self._runs: dict[UUID, RunningOperation] = {}
        self._guard = Lock()

    def start(
        self, who: ActorDatabase, request: OperationRequest, *, session_id: UUID | None
    ) -> RunningOperation | None:
        """Authorize the request and begin; return None if it is planned for later.

        Raises what the dry run and authorization.request raise, and ServersBusy.
        """
        if request.scheduled_at:
            # Also if somebody led a moment ago and nobody does now: never at once.
            self.plan(who, request, session_id=session_id)
            return None
        self.rehearse(request)
        leads = self.servers.leads()
        locks = self._lock()
        try:
            record = self._request if leads else self._request_leaderless
            operation = record(who, request, session_id)
        except BaseException:
            locks.close()
            raise
        return self._begin(operation, locks)

    def plan(
        self, who: ActorDatabase, request: OperationRequest, *, session_id: UUID | None
    ) -> WriteResult[UUID]:
        """Authorize a request for a later time; return the operation's id.

        Raises what the dry run and authorization.request raise.
        """
        self.rehearse(request)
        return self._decide(who, request, session_id)

    def carry_out(
        self, operation_id: UUID, request: OperationRequest
    ) -> RunningOperation:
        """Carry out an operation that the history already shows as running."""
        return self._begin(RunningOperation(operation_id, request))

    def run(self, operation_id: UUID | None) -> RunningOperation | None:
        """Return an operation of this process by its id."""
        with self._guard:
            return self._runs.get(operation_id) if operation_id else None

    def next_planned(self, actor: Actor) -> PlannedSwitchover | None:
        """Return the planned switchover, None also while it cannot be read.

        Raises NotAllowed.
        """
        actor.require(Permission.ACT_ON_CLUSTER)
        try:
            # From the primary if possible: a replica may not know of it yet.
            database = self.servers.database
            return database.read_newest(
                journal.planned, identity=actor.database_identity
            ).value
        except DatabaseUnavailable:
            return None

    def current(self) -> RunningOperation | None:
        """Return the operation that this process is carrying out."""
        with self._guard:
            return next(
                (
                    operation
                    for operation in self._runs.values()
                    if operation.is_running
                ),
                None,
            )

    def wait(self, operation: RunningOperation) -> None:
        """Wait until the history has the operation's end, or cannot be written."""
        operation.kept.wait(_PERSISTENCE_SECONDS)

    def rehearse_for(self, who: ActorDatabase, request: OperationRequest) -> None:
        """Refuse what a program may not do, or could not do; nothing is changed."""
        with who.recording_refusals():
            authorization.check_program(who.actor, request)
        self.rehearse(request)

    def rehearse(self, request: OperationRequest) -> None:
        """Refuse what could not be done; nothing is recorded or changed."""
        authorization.require_times(request)
        if request.kind in {OperationKind.SWITCHOVER, OperationKind.FAILOVER}:
            require_possible(preview(self.servers.look()), request)
        elif request.kind is OperationKind.SETTINGS:
            governing.rehearse_settings(self.servers, request)
        elif request.kind in _OF_ONE_SERVER:
            self.servers.require_server(request.node)

    def _lock(self) -> ServerLocks:
        """Lock out every other operation, even if the history cannot be asked."""
        database = self.servers.database
        silent = {node.name for node in database.nodes() if not node.reachable}
        addresses = ServerAddresses(database.endpoints).nodes
        locks = server_locks.take(
            (address for address in addresses if address.name not in silent), _LOCK
        )
        if locks is None:
            raise ServersBusy
        if not locks.servers:
            raise CannotAct(
                "No server is responding, so it is not known whether another "
                "operation is running. Try again in a moment."
            )
        return locks

    def _request(
        self, who: ActorDatabase, request: OperationRequest, session_id: UUID | None
    ) -> RunningOperation:
        """Have the history decide on the request."""
        written = self._decide(who, request, session_id)
        return RunningOperation(written.value, request, requested_at=written.lsn)

    def _decide(
        self, who: ActorDatabase, request: OperationRequest, session_id: UUID | None
    ) -> WriteResult[UUID]:
        return who.write(
            lambda session: authorization.request(
                session, who.actor, request, session_id=session_id
            )
        )

    def _request_leaderless(
        self, who: ActorDatabase, request: OperationRequest, session_id: UUID | None
    ) -> RunningOperation:
        """Decide by what replicas know; the history is written once somebody leads."""
        checked = who.read(
            lambda session: authorization.check(
                session, who.actor, request, session_id=session_id, is_leaderless=True
            )
        ).value
        operation = RunningOperation(uuid4(), checked)

        def write_down(session: Session) -> None:
            journal.begin(session, who.actor, checked, known_as=operation.id)
            authorization.record(session, who.actor, checked, operation.id)

        operation.write_down = lambda: who.write(write_down)
        return operation

    def _begin(
        self, operation: RunningOperation, locks: ServerLocks | None = None
    ) -> RunningOperation:
        with self._guard:
            self._runs[operation.id] = operation
            for old in list(self._runs)[:-_MOST_KNOWN]:
                del self._runs[old]
        Thread(
            target=self._do, args=[operation, locks], name="cluster act", daemon=True
        ).start()
        return operation

    def _do(self, operation: RunningOperation, locks: ServerLocks | None) -> None:
        noting = Thread(target=self._keep_noting, args=[operation], daemon=True)
        noting.start()
        try:
            with locks or self._lock():
                handle = HANDLERS[operation.request.kind]
                operation.cost = handle(
                    self.servers, operation.request, operation.id, operation.progress
                )
        except ServiceError as refusal:
            said = refusal.args[0] if refusal.args else ""
            operation.refusal = said if isinstance(said, str) else str(refusal)
        except DatabaseUnavailable:
            operation.refusal = (
                "No server took writes for too long, so it was left there."
            )
        except Exception:
            # Whoever waits must learn that it has ended, whatever the reason was.
            _log.exception(
                "An operation on the servers stopped with an unexpected error."
            )
            operation.refusal = "It stopped with an error; see this process's log."
        # The outcome is shown at once; the history follows as soon as somebody leads.
        operation.ended.set()
        noting.join()
        self._persist(operation)
        operation.kept.set()

    def _persist(self, operation: RunningOperation) -> None:
        steps = operation.progress.as_json()

        def close(session: Session) -> None:
            if operation.cost is not None:
                journal.finish(session, operation.id, operation.cost, steps)
            else:
                journal.fail(session, operation.id, operation.refusal or "", steps)
            forget_old(session)

        deadline = monotonic() + _PERSISTENCE_SECONDS
        while monotonic() < deadline:
            if self._write_down(operation) and self._note(close):
                return
            sleep(_NOTE_SECONDS)
        _log.error("The end of operation %s could not be recorded.", operation.id)

    def _keep_noting(self, operation: RunningOperation) -> None:
        """Keep the progress in the history, which shows that somebody is at it."""
        while not operation.ended.wait(_NOTE_SECONDS):
            steps = operation.progress.as_json()
            if self._write_down(operation):
                self._note(
                    partial(journal.note, operation_id=operation.id, steps=steps)
                )

    def _note(self, operation: Callable[[Session], None]) -> bool:
        try:
            self.servers.database.write(operation, identity=SYSTEM)
        except DatabaseUnavailable:
            return False
        return True

    def _write_down(self, operation: RunningOperation) -> bool:
        """Record what began while nobody led; return whether nothing is left over."""
        if operation.write_down is None:
            return True
        try:
            operation.write_down()
        except (DatabaseUnavailable, ServiceError) as error:
            _log.warning(
                "An operation is not in the history yet: %s", type(error).__name__
            )
            return False
        operation.write_down = None
        return True
