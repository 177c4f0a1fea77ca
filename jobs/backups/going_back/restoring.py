"""Prepares the clinic of an earlier time to replace the running one.

Everything is restored and proven beside the clinic before anything of it is touched.
Then the clinic is closed, and the restored rows are given what law and safety require
of the time since. From `Replacement.be_ready` on the next start has the restored
clinic; anything that ends this earlier leaves the clinic as it was.
"""

import sys
import time
from collections.abc import Callable
from contextlib import (
    AbstractContextManager,
    ExitStack,
    nullcontext,
    suppress,
)
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from bson import ObjectId
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from db import embedded, schema
from db.backups.backup_errors import CannotBackUp, CannotRestore, SetBroken
from db.backups.base_backup import Leader
from db.backups.log.archive import LogArchive
from db.backups.log.segments import TimelineHistory, history_name
from db.backups.notes import Proof, TimeLeft
from db.backups.repository import Repository
from db.backups.sandbox import (
    ReplayTarget,
    Sandbox,
    SandboxName,
    room_for,
    unpacked,
)
from db.embedded import DataFolder
from db.embedded.processes import programs
from db.embedded.replacement import Replacement
from db.embedded.servers import database_roles
from db.files.file_keys import FileKeys
from db.files.gridfs import FileStore, FileStoreUnavailable
from db.files.seal_keys import SealKeys
from db.files.seals import FileEntry
from db.mongo.audit_store import AuditStore, AuditStoreUnavailable
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.backups.going_back.files import FileReturns
from jobs.backups.going_back.replaying import (
    GoingBackOrder,
    Rejoined,
    read_log,
    replay,
)
from jobs.backups.looking import Copies, Proving, list_references
from jobs.backups.opening import owning, reading, target_of
from jobs.backups.previewing import compare_live
from jobs.backups.routes import Route, route_to
from services.analytics.cohorts.disclosures_since import keep_disclosures
from services.audit import chain
from services.audit.chain import ChainBroken
from services.backups.ledger import Since
from services.backups.previews import ChangeList

# The restored rows get three copies, beside the previous ones that are set aside.
_COPIES: Final = 2

# A transaction has the time when it began, and servers' clocks differ a little.
_DOUBT: Final = timedelta(hours=1)

# Called with a stage, and the seconds it took.
Report = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class LiveClinic:
    """The clinic that goes back: its servers, files, audit log and keys.

    What the earlier clinic does not have is kept for as long as `kept`. `own_log` is
    the log of the clinic's own backups, if `repository` is a different one that was
    fetched. Backups that nobody may write to, and whose log does not continue, are
    `read_only`.
    """

    folder: DataFolder
    repository: Repository
    keys: FileKeys
    seal_keys: SealKeys
    database: Database
    files: FileStore
    audit: AuditStore
    kept: timedelta
    own_log: LogArchive | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class ProvenRestore:
    """A proven earlier clinic, and what going back to it would undo.

    `lists` is None if no server could be queried.
    """

    proof: Proof
    lists: tuple[ChangeList, ...] | None


@dataclass(slots=True)
class WentBack:
    """The result of going back."""

    proof: Proof
    files_returned: int
    files_aside: int = 0
    since: Since = field(default_factory=Since)


def go_back(
    clinic: LiveClinic,
    order: GoingBackOrder,
    *,
    confirm: Callable[[ProvenRestore], None],
    closed: Callable[[], AbstractContextManager[None]],
    report: Report = lambda _stage, _seconds: None,
) -> WentBack:
    """Restore a time, have it confirmed, and prepare it to become the clinic.

    `confirm` is called with what was proven, and raises to end this; `closed` closes
    the clinic for a block, after which it opens again, with the restored data if they
    are ready. Raises CannotRestore: then the clinic is as it was.
    """
    try:
        with ExitStack() as held:
            # Left last: by then the journal states which clinic to open.
            closing_time = held.enter_context(ExitStack())
            going = _GoingBack.prepared(clinic, order, held)
            with going.stopped() as url:
                restore = going.prove(url)
                report("Restored and proven beside the clinic", going.lap())
                confirm(restore)
                going.lap()
                went = WentBack(restore.proof, going.bring_files(url))
                report("Files brought back", going.lap())
                closing_time.enter_context(closed())
                report("The clinic is closed", going.lap())
                begun = going.finish(url, went)
            data = going.sandbox.hand_over()
            left = TimeLeft(
                order.to,
                datetime.now(UTC),
                going.target.timeline,
                begun.timeline,
                str(begun.begun_at(begun.timeline)),
            )
            with nullcontext() if clinic.read_only else going.logs.own.leaving(left):
                Replacement(clinic.folder).be_ready(data)
            report("Rows brought up to date", going.lap())
        report("The clinic is open", going.lap())
    except AuditStoreUnavailable as error:
        raise CannotRestore(f"The audit log cannot be read: {error}") from error
    except FileStoreUnavailable as error:
        raise CannotRestore("MongoDB does not answer: nothing was changed.") from error
    except ChainBroken as error:
        raise CannotRestore(
            f"The audit log does not go on from where it was then: {error} Run "
            "python -m dashboard verify-audit first."
        ) from error
    return went


@dataclass(frozen=True, slots=True)
class _Logs:
    """The log that leads to a time, and the one that continues afterwards."""

    source: LogArchive
    own: LogArchive

    @property
    def timeline(self) -> int:
        """The newest timeline in either of them."""
        return max(self.source.listing().timeline, self.own.listing().timeline)

    def history(self, timeline: int) -> bytes:
        """Return the history of a timeline, as PostgreSQL writes it.

        For a timeline whose log nobody kept, it is the part of the next known
        timeline's history up to then. Raises SetBroken.
        """
        if (archive := self._archive_with(timeline)) is not None:
            return archive.read(history_name(timeline))
        for later in range(timeline + 1, self.timeline + 1):
            if (archive := self._archive_with(later)) is not None:
                return archive.history(later).before(timeline).encode()
        raise SetBroken(f"The log's {history_name(timeline)} is missing.")

    def _archive_with(self, timeline: int) -> LogArchive | None:
        name = history_name(timeline)
        archives = (self.source, self.own)
        return next((a for a in archives if (a.folder / name).exists()), None)


@dataclass(slots=True)
class _GoingBack:
    """One run of going back, while its sandbox exists."""

    clinic: LiveClinic
    order: GoingBackOrder
    logs: _Logs
    proving: Proving
    sandbox: Sandbox
    target: ReplayTarget
    copies: Copies
    since_lap: float = field(default_factory=time.monotonic)
    # Files compared while the clinic was open are not read again while it is closed.
    whole_files: dict[tuple[str, ObjectId], FileEntry] = field(default_factory=dict)

    @classmethod
    def prepared(
        cls, clinic: LiveClinic, order: GoingBackOrder, held: ExitStack
    ) -> "_GoingBack":
        """Unpack what leads to the time; `held` removes all of it."""
        began = time.monotonic()
        folder, repository = clinic.folder, clinic.repository
        held.enter_context(repository.read_from())
        if (system_id := folder.system_id()) is not None:
            repository.require_clinic(system_id)
        archive = LogArchive(repository.folder, repository.system_id or "", clinic.keys)
        route = route_to(repository, archive, order.to)
        logs = _Logs(archive, clinic.own_log or archive)
        _require_newest_timeline(clinic, logs)
        _require_room(clinic, route)
        proving = Proving(folder, repository, clinic.keys, archive, route)
        seal, copies = proving.require_whole()
        held.enter_context(Replacement(folder).preparing(order.to))
        sandbox = held.enter_context(
            unpacked(
                folder,
                programs.find(folder.path),
                seal,
                repository.set_folder(route.manifest.set_id),
                name=SandboxName.GOING_BACK,
            )
        )
        sandbox.verify()
        target = target_of(sandbox, archive, route)
        _add_histories(sandbox, logs, target)
        return cls(clinic, order, logs, proving, sandbox, target, copies, began)

    def lap(self) -> float:
        """Return the seconds since the last call."""
        before, self.since_lap = self.since_lap, time.monotonic()
        return self.since_lap - before

    def stopped(self) -> AbstractContextManager[str]:
        """Run the restored PostgreSQL, with replay paused at its time."""
        return self.sandbox.started(self.proving.route.manifest.database, self.target)

    def prove(self, url: str) -> ProvenRestore:
        """Prove everything, and compare it with the running clinic."""
        proof = self.proving.prove(url, self.copies)
        try:
            with reading(url) as session:
                lists = compare_live(session, self.clinic.database, self.order.actor)
        except (DatabaseUnavailable, SQLAlchemyError):
            return ProvenRestore(proof, None)
        return ProvenRestore(proof, lists)

    def bring_files(self, url: str) -> int:
        """Put back the files that the earlier rows name, except purged ones."""
        with reading(url) as session:
            since, _ = read_log(session, self.clinic.audit)
            return self._returns.bring_back(
                reference
                for reference in list_references(session)
                if reference.subject_id not in since.purged
                and reference.patient_id not in since.erased
            )

    def finish(self, url: str, went: WentBack) -> TimelineHistory:
        """Let the restored rows take writes, and bring them up to date.

        Returns their new timeline, and where it begins.
        """
        is_complete = _drain(self.clinic)
        with reading(url) as session:
            went.since, end = read_log(session, self.clinic.audit)
        self.sandbox.promote(url)
        database_roles.set_passwords(url, self.clinic.folder.secrets())
        rejoined = Rejoined(
            end,
            went.since,
            self.clinic.seal_keys,
            went.proof.set_id,
            is_complete=is_complete,
        )
        until = datetime.now(UTC) + self.clinic.kept
        with owning(url) as (engine, history):
            if history.timeline <= self.logs.timeline:
                raise CannotRestore(
                    "The restored clinic would take a timeline that is already taken: "
                    "try again."
                )
            with engine.connect() as connection:
                schema.migrate(connection)
            with Session(engine) as session, session.begin():
                replay(session, self.order, rejoined)
                _keep_disclosures(self.clinic, session, self.order.to)
                # For what was purged or swapped since the first look.
                went.files_returned += self._returns.bring_back(
                    list_references(session)
                )
                went.files_aside = self._returns.set_aside(session, until)
        return history

    @property
    def _returns(self) -> FileReturns:
        return FileReturns(
            self.clinic.files,
            self.clinic.repository,
            self.copies,
            self.proving.list_purged(),
            self.whole_files,
        )


def _require_newest_timeline(clinic: LiveClinic, logs: _Logs) -> None:
    """Raise CannotRestore if the primary's timeline is unknown to the backups.

    The restored clinic begins a timeline, whose number no other may have.
    """
    try:
        binaries = programs.find(clinic.folder.path)
        leader = Leader(embedded.attach(clinic.folder.path), binaries, sys.executable)
        timeline = leader.system().timeline
    except (CannotBackUp, embedded.CannotStart):
        return
    if timeline > logs.timeline:
        raise CannotRestore(
            "Another server has just begun to lead, and the backups do not know of it "
            "yet: try again in a minute."
        )


def _require_room(clinic: LiveClinic, route: Route) -> None:
    """Raise CannotRestore unless there is also room for rebuilding the replicas."""
    manifest, chain = route.manifest, clinic.repository.survey().chain_of
    room = room_for(chain(manifest)) + _COPIES * room_for([manifest])
    try:
        clinic.repository.require_room(
            clinic.folder.path, room, "going back, with the previous data kept,"
        )
    except CannotBackUp as error:
        raise CannotRestore(str(error)) from error


def _add_histories(sandbox: Sandbox, logs: _Logs, target: ReplayTarget) -> None:
    """Give PostgreSQL the known timelines, so that it takes a new one."""
    for timeline in range(target.timeline + 1, logs.timeline + 1):
        sandbox.add_log(history_name(timeline), logs.history(timeline))


def _keep_disclosures(clinic: LiveClinic, restored: Session, to: datetime) -> None:
    """Keep what analysts were told since; if no server can be asked, nobody knows it.

    Broken rows must not prevent going back, nor undo what was replayed.
    """

    def keep(live: Session) -> None:
        with restored.begin_nested():
            keep_disclosures(live, restored, to - _DOUBT)

    with suppress(DatabaseUnavailable, SQLAlchemyError):
        clinic.database.read_latest(keep, identity=SYSTEM)


def _drain(clinic: LiveClinic) -> bool:
    """Add waiting events to the audit log; return whether none waits any more.

    If the rows can no longer be read, nobody knows what waits.
    """
    try:
        while clinic.database.read_latest(chain.is_waiting, identity=SYSTEM).value:
            clinic.database.write(
                lambda session: chain.ship(session, clinic.audit), identity=SYSTEM
            )
    except (DatabaseUnavailable, SQLAlchemyError):
        return False
    return True
