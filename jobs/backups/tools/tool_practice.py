"""Restore drills with the clinic's own backup tool; checks all rows.

They work as the drills of our own backups do, except for files: those are in MongoDB,
which such a tool does not back up. The files that rows of the newest position name are
read there as they are.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Final, TypeVar
from urllib.parse import urlsplit

from psycopg2.errors import InsufficientPrivilege
from psycopg2.extensions import parse_dsn
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.backups.backup_errors import (
    CannotRestore,
    CheckSkipped,
    SetBroken,
    TableLocked,
)
from db.backups.log.windows import BackupWindow
from db.backups.manifest import TableDigest
from db.backups.notes import DrillFigures, Proof
from db.backups.sandbox import SandboxName
from db.backups.table_digests import differing, digest_replica
from db.backups.tools import tool_sandbox
from db.backups.tools.backup_tool import BackupTool
from db.backups.tools.tool_report import ToolBackup
from db.backups.tools.tool_sandbox import ToolSandbox
from db.embedded import DataFolder
from db.embedded.servers import database_roles
from db.endpoints import Endpoints
from db.files.gridfs import FileStoreUnavailable
from db.files.seal_keys import SealKeys
from db.mongo.audit_store import AuditStore, AuditStoreUnavailable
from db.postgres import SYSTEM, Database, Lsn
from jobs.backups.drills.answering import require_answers
from jobs.backups.drills.practising import (
    ClinicSnapshot,
    choose_second,
    require_seals,
)
from jobs.backups.going_back.catching_up import CatchingUp
from jobs.backups.going_back.replaying import GoingBackOrder, read_log
from jobs.backups.looking import follow_chain, list_references, read_tables
from jobs.backups.opening import reading, served
from services.audit.chain import ChainBroken
from services.backups import tools
from services.backups.tools import ToolState
from services.core.actors import CONSOLE
from services.documents.integrity import checking
from services.documents.integrity.file_references import FileReference
from services.documents.point_in_time import EarlierFiles

T = TypeVar("T")

_TRIES: Final = 3
_ROUNDS: Final = 3
# The worker asks the tool every minute, and a segment may take archive_timeout.
_ARCHIVE_SECONDS: Final = 900.0
_LOOK_SECONDS: Final = 2.0
# Tools date a backup in whole seconds.
_SECOND: Final = timedelta(seconds=1)
_WRITTEN: Final = text("SELECT pg_current_wal_flush_lsn()::text")
_TABLESPACES: Final = text(
    "SELECT count(*) FROM pg_tablespace "
    "WHERE spcname NOT IN ('pg_default', 'pg_global')"
)


@dataclass(frozen=True, slots=True)
class ToolPractice:
    """Drills with a tool's backups, below a folder on the worker's machine.

    `files` reads a document's file from MongoDB.
    """

    tool: BackupTool
    folder: Path
    database: Database
    endpoints: Endpoints
    files: EarlierFiles
    audit: AuditStore
    seal_keys: Callable[[], SealKeys]

    def practise(self, stopping: Event | None = None) -> Proof:
        """Have the tool restore any second, then the newest position, and check both.

        Each row is read, and the audit log followed link by link with its seals. Rows
        of any second are brought up to date as going back does, and services have to
        answer there. The newest is compared table by table with what a replica shows at
        its position, its files are read, and its indexes compared with their tables.
        Raises CheckSkipped if any of that is impossible, SetBroken and CannotRestore.
        """
        self._require_no_tablespaces()
        window = self._window()
        rpo = datetime.now(UTC) - window.until
        any_second = self._restore_any(window)
        snapshot = self._take_snapshot()
        self._await_archive(snapshot, stopping or Event())
        proof, rto_seconds, size = self._restore_newest(snapshot)
        rpo_seconds = max(0.0, rpo.total_seconds())
        figures = DrillFigures(any_second, rto_seconds, rpo_seconds, size)
        return proof(figures)

    def _require_no_tablespaces(self) -> None:
        count = self._read(lambda session: session.scalars(_TABLESPACES).one())
        if count:
            raise CheckSkipped(
                f"The servers have tablespaces, which {self.tool.label} would restore "
                "to where they are: nothing was restored."
            )

    def _state(self) -> ToolState:
        name = str(self.tool)
        state = self._read(lambda session: tools.find_tool(session, name))
        if state is None or state.report is None:
            raise CannotRestore(f"{self.tool.label} was not asked yet: wait a minute.")
        return state

    def _window(self) -> BackupWindow:
        if (window := self._state().window) is None:
            raise CannotRestore(
                f"It is not known yet until when {self.tool.label} has the log, so "
                "there is no second to go to: the page Backups says what is missing."
            )
        return BackupWindow(*window)

    def _backup_before(self, timestamp: datetime) -> ToolBackup:
        report = self._state().report
        for backup in reversed(report.valid if report else ()):
            if backup.stopped_at + _SECOND <= timestamp:
                return backup
        raise CannotRestore(
            f"{self.tool.label} has no backup any more that leads to "
            f"{timestamp:%Y-%m-%d %H:%M:%S} UTC."
        )

    def _restore_any(self, window: BackupWindow) -> datetime:
        """Restore and check a second of the window; return which second it was."""
        for _ in range(_TRIES):
            second = choose_second(window)
            try:
                self._restore_second(second)
            except TableLocked:
                continue
            return second
        raise CheckSkipped(
            f"A table was being changed at each of {_TRIES} seconds that were gone to: "
            "nothing was proven of them."
        )

    def _restore_second(self, second: datetime) -> None:
        backup = self._backup_before(second)
        with self._restored(backup, second) as sandbox:
            own = DataFolder(sandbox.folder)
            with sandbox.standing(self._name, self._login) as url:
                read_tables(url)
                self._follow_log(url)
                require_seals(url, self.seal_keys())
                order = GoingBackOrder(second, "A restore drill", CONSOLE)
                CatchingUp(
                    own, self.audit, self.seal_keys(), order, backup.name
                ).bring_up_to_date(sandbox, url)
            require_answers(
                served(own, sandbox, self._name, SandboxName.DRILL),
                lambda: self._endpoints_of(own),
                self.files,
            )

    def _take_snapshot(self) -> ClinicSnapshot:
        """Return a replica's table digests at one position; raises CheckSkipped."""
        written = Lsn.parse(self._read(lambda session: session.scalars(_WRITTEN).one()))
        try:
            for url in self._replicas_as_owner() * _ROUNDS:
                if (digested := digest_replica(url, written)) is not None:
                    return ClinicSnapshot(digested[0], datetime.now(UTC), digested[1])
        except InsufficientPrivilege as error:
            raise CheckSkipped(
                "The owner of the schema (CHARTROOM_OWNER_URL) may not read every "
                "table of a replica, so the restored rows were compared with nothing."
            ) from error
        raise CheckSkipped(
            "No replica could say what its tables hold at one place in the log, so the "
            "restored rows were compared with nothing."
        )

    def _await_archive(self, snapshot: ClinicSnapshot, stopping: Event) -> None:
        """Wait until the archive has a snapshot's position; raises CheckSkipped."""
        deadline = time.monotonic() + _ARCHIVE_SECONDS
        while time.monotonic() < deadline:
            until = self._state().archived_until
            if until is not None and until > snapshot.passed_at:
                return
            if stopping.wait(_LOOK_SECONDS):
                break
        raise CheckSkipped(
            f"The archive of {self.tool.label} did not come as far as the clinic "
            "within 15 minutes: the newest second was not restored. PostgreSQL's "
            "archive_timeout says how long a segment may take."
        )

    def _restore_newest(
        self, snapshot: ClinicSnapshot
    ) -> tuple[Callable[[DrillFigures], Proof], float, int]:
        """Restore the position of a snapshot and compare every table with it.

        Returns a function that makes the proof of its figures, the duration, and the
        bytes.
        """
        backup, began = self._backup_before(snapshot.passed_at), time.monotonic()
        with self._restored(backup, snapshot.place) as sandbox:
            with sandbox.standing(self._name, self._login, snapshot.place) as url:
                rto_seconds = time.monotonic() - began
                tables = self._compare(url, snapshot)
                files, file_bytes = self._read_files(url)
                audit_entries = self._follow_log(url)
                require_seals(url, self.seal_keys())
                sandbox.promote(url)
                sandbox.check_indexes(url)
            size = sandbox.size()
        seconds = time.monotonic() - began

        def proof(figures: DrillFigures) -> Proof:
            return Proof(
                set_id=backup.name,
                as_of=snapshot.passed_at,
                proved_at=datetime.now(UTC),
                seconds=seconds,
                tables=len(tables),
                rows=sum(table.rows for table in tables.values()),
                is_compared=True,
                files=files,
                file_bytes=file_bytes,
                audit_entries=audit_entries,
                drill=figures,
            )

        return proof, rto_seconds, size

    def _compare(self, url: str, snapshot: ClinicSnapshot) -> Mapping[str, TableDigest]:
        tables = read_tables(url)
        if names := list(differing(snapshot.tables, tables)):
            raise SetBroken(
                f"{self.tool.label} restores other rows than a replica had shown at "
                f"{snapshot.place}, in {', '.join(names)}."
            )
        return tables

    def _read_files(self, url: str) -> tuple[int, int]:
        """Read each file that restored rows name; return their number and bytes."""
        try:
            with reading(url) as session:
                bad, files, size = list[FileReference](), 0, 0
                for reference in list_references(session):
                    if checking.check(self.files.files, reference).is_whole:
                        files += len(reference.file_ids)
                        size += reference.filesize or 0
                    else:
                        bad.append(reference)
                since, _ = read_log(session, self.audit) if bad else (None, None)
        except (FileStoreUnavailable, AuditStoreUnavailable) as error:
            raise CheckSkipped(
                "MongoDB does not answer, so the files of restored rows were not read."
            ) from error
        for each in bad:
            # What was purged while this ran is rightly gone.
            if since is None or (
                each.subject_id not in since.purged
                and each.patient_id not in since.erased
            ):
                raise SetBroken(
                    f"MongoDB has not the file of {each.words} that its row names."
                )
        return files, size

    def _follow_log(self, url: str) -> int:
        """Follow the audit log, which has the rows' head; return its last number."""
        try:
            with reading(url) as session:
                followed = follow_chain(session, self.audit.walk_after(0))
        except AuditStoreUnavailable as error:
            raise CheckSkipped(
                "MongoDB does not answer, so the audit log was not followed."
            ) from error
        except ChainBroken as error:
            raise SetBroken(f"The audit log is broken: {error}") from error
        if not followed.has_head or followed.lacks_seals:
            raise SetBroken(
                "The audit log has other entries than the restored rows know of."
            )
        return followed.last

    @contextmanager
    def _restored(
        self, backup: ToolBackup, target: datetime | Lsn
    ) -> Iterator[ToolSandbox]:
        with tool_sandbox.restored(
            self.tool, self.folder, backup, target, name=SandboxName.DRILL
        ) as sandbox:
            yield sandbox

    @property
    def _name(self) -> str:
        return str(parse_dsn(self.endpoints.database_url)["dbname"])

    @property
    def _login(self) -> str:
        return str(parse_dsn(self.endpoints.database_url)["user"])

    def _replicas_as_owner(self) -> list[str]:
        """Return the addresses of all servers as the owner of the schema."""
        if self.endpoints.owner_url is None:
            return []
        login = urlsplit(self.endpoints.owner_url).netloc.rpartition("@")[0]
        urls = map(urlsplit, self.endpoints.replica_urls.values())
        return [
            each._replace(netloc=f"{login}@{each.netloc.rpartition('@')[2]}").geturl()
            for each in urls
        ]

    def _endpoints_of(self, own: DataFolder) -> Endpoints:
        """Return the sandbox's address, without its port."""
        app = database_roles.APP
        url = f"postgresql://{app}:{own.secrets()[app]}@127.0.0.1/{self._name}"
        return Endpoints(url, {"restored": url}, self.endpoints.mongo_url, {})

    def _read(self, operation: Callable[[Session], T]) -> T:
        return self.database.read_latest(operation, identity=SYSTEM).value
