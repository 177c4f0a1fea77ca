"""Walks the files and checks each against its row, a few at a time."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from time import monotonic
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from db.files.gridfs import Bucket, FileStore
from db.mongo.audit_store import AuditStore, AuditStoreUnavailable
from db.postgres import SYSTEM, Database
from services.documents.integrity import checking, correcting, runs
from services.documents.integrity.checking import Finding, NothingVerifies
from services.documents.integrity.file_references import (
    BY_ID,
    FileReference,
    list_by_id,
)
from services.documents.integrity.runs import Job

T = TypeVar("T")

# Checks are recorded after this many: that is all a worker that dies has to repeat.
_AT_ONCE: Final = 20
# One worker does everything in turn: a share of checks must not delay the rest.
_SECONDS: Final = 60.0


@dataclass(slots=True)
class Report:
    """The result of the checks so far."""

    checked: int = 0
    bad: list[Finding] = field(default_factory=list)
    stopped: str = ""

    @property
    def is_good(self) -> bool:
        """Whether everything that was checked is whole."""
        return not self.bad and not self.stopped

    def as_details(self) -> dict[str, object]:
        """Return the part of the report that is kept for administrators."""
        counted: dict[str, object] = {
            "checked": self.checked,
            "not_whole": len(self.bad),
        }
        return counted | ({"stopped": self.stopped} if self.stopped else {})


def check_share(database: Database, files: FileStore) -> Report:
    """Check what is due next, for a minute at most; raises NothingVerifies."""
    walk = _Walk(database, files, monotonic() + _SECONDS)
    with walk:
        walk.check(walk.read(_list_share))
        walk.check_by_id(walk.read(_find_position), walk.read(_share_by_id))
    return walk.report


def check_all(database: Database, files: FileStore) -> Report:
    """Check every file now; raises NothingVerifies."""
    walk = _Walk(database, files)
    begun_at = walk.read(checking.find_timestamp)
    with walk:
        while due := walk.read(
            lambda session: checking.list_unchecked_since(session, begun_at, _AT_ONCE)
        ):
            walk.check(due)
        walk.check_by_id(None, None)
    return walk.report


def explain_false_alarms(database: Database, store: AuditStore) -> None:
    """Record in the audit log, once, which damage an earlier check reported in error.

    If the log cannot be read the next check does it.
    """
    with suppress(AuditStoreUnavailable):
        database.write(
            lambda session: correcting.correct(session, store), identity=SYSTEM
        )


class _Walk:
    """One walk: what it has found, and its position in what is walked by ids."""

    def __init__(
        self, database: Database, files: FileStore, until: float = float("inf")
    ) -> None:
        self.report = Report()
        self._database = database
        self._files = files
        self._until = until
        self._position: UUID | None = None

    def __enter__(self) -> None:
        """Begin the walk."""

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        """Store for administrators what was found, also by a walk that stopped."""
        if isinstance(error, NothingVerifies):
            self.report.stopped = str(error)
        elif error is not None:
            return
        details, position = self.report.as_details(), self._position
        self._write(
            lambda session: runs.note(
                session,
                Job.CHECK,
                details,
                position=str(position) if position else None,
            )
        )

    def read(self, operation: Callable[[Session], T]) -> T:
        """Run a read on the primary."""
        return self._database.read_latest(operation, identity=SYSTEM).value

    def check(self, due: Sequence[FileReference]) -> None:
        """Check these, some at a time, while there is time."""
        for start in range(0, len(due), _AT_ONCE):
            if monotonic() < self._until:
                self._check(due[start : start + _AT_ONCE])

    def check_by_id(self, after: UUID | None, share: int | None) -> None:
        """Check some rows after a position, or all; start over at the end."""
        self._position, left = after, share
        while (left is None or left > 0) and monotonic() < self._until:
            limit = _AT_ONCE if left is None else min(left, _AT_ONCE)
            position = self._position
            due = self.read(lambda s: list_by_id(s, position, limit))  # noqa: B023
            self._check(due)
            self._position = due[-1].id if len(due) == limit else None
            if self._position is None:
                return
            left = None if left is None else left - limit

    def _check(self, some: Sequence[FileReference]) -> None:
        findings = [checking.check(self._files, reference) for reference in some]
        if not self.read(
            lambda session: checking.are_credible(session, self._files, findings)
        ):
            raise NothingVerifies
        bad = self._write(lambda session: checking.keep(session, findings))
        self.report.checked += len(findings)
        self.report.bad.extend(bad)

    def _write(self, operation: Callable[[Session], T]) -> T:
        return self._database.write(operation, identity=SYSTEM).value


def _list_share(session: Session) -> tuple[FileReference, ...]:
    return checking.list_due(session, checking.share_of(session, Bucket.DOCUMENTS))


def _share_by_id(session: Session) -> int:
    return checking.share_of(session, *BY_ID)


def _find_position(session: Session) -> UUID | None:
    run = runs.find_run(session, Job.CHECK)
    return UUID(run.position) if run and run.position else None
