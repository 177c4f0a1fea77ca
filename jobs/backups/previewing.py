"""Makes restore previews on request from the page: what going back would undo.

It has a thread beside the one that makes backups, since a restore takes as long as it
takes.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import Any, Final

from psycopg2.errors import LockNotAvailable
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from db.backups.backup_errors import CannotBackUp, CannotRestore, TableLocked
from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.backups.sandbox import SandboxName
from db.embedded import DataFolder
from db.files.file_keys import FileKeys, UnusableFileKeys
from db.postgres import SYSTEM, Database, DatabaseUnavailable
from jobs.backups.opening import opened, reading, require_whole
from jobs.backups.pending_writes import PendingWrites
from jobs.backups.polling import poll
from jobs.backups.routes import route_to
from services.backups import previews
from services.backups.previews import ChangeList, RestorePreview
from services.core.actors import KEEPER, Actor

_NICE: Final = 15
_UNEXPECTED: Final = "Comparing ended in an unexpected error: see the worker's log."
_log = logging.getLogger(__name__)


def compare_live(
    session: Session, database: Database, actor: Actor
) -> tuple[ChangeList, ...]:
    """Return the differences of live rows from a sandbox's; raises CannotRestore."""

    def restored(operation: Callable[[Session], list[Any]]) -> list[Any]:
        try:
            return operation(session)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            raise TableLocked from error

    def live(operation: Callable[[Session], list[Any]]) -> list[Any]:
        return database.read_latest(operation, identity=SYSTEM).value

    return previews.list_changes(actor, restored, live)


def preview(
    data: Path,
    database: Database,
    repository: Repository,
    keys: FileKeys,
    to: datetime,
) -> tuple[ChangeList, ...]:
    """Restore the rows of a time into a sandbox and compare the live rows with them.

    Files are not looked at. Raises CannotRestore, SetBroken and UnusableFileKeys.
    """
    folder = DataFolder(data)
    with repository.read_from():
        if (system_id := folder.system_id()) and repository.system_id is not None:
            repository.require_clinic(system_id)
        archive = LogArchive(repository.folder, repository.system_id or "", keys)
        route = route_to(repository, archive, to)
        seal = require_whole(folder, repository, keys, route)
        with (
            # Beside the sandbox of a backup that may be proven at the same time.
            opened(
                folder, repository, archive, route, seal, name=SandboxName.PREVIEW
            ) as url,
            reading(url) as session,
        ):
            return compare_live(session, database, KEEPER)


class RestorePreviewer:
    """Checks every other second whether a preview is requested, and makes it.

    `compare` makes the lists for a time.
    """

    def __init__(
        self,
        database: Database,
        compare: Callable[[datetime], tuple[ChangeList, ...]],
    ) -> None:
        self._database = database
        self._compare = compare
        # How a preview ended, until a primary has it.
        self._unwritten = PendingWrites(database)

    def run(self, stopping: Event) -> None:
        """Check until `stopping` is set, at a low priority."""
        poll(self.look, stopping, subject="requested previews", nice=_NICE)

    def look(self) -> None:
        """Make the preview that was requested, and report the result."""
        self._unwritten.flush()
        request = self._database.read_latest(previews.open_preview, identity=SYSTEM)
        if (requested := request.value) is None:
            return
        self._database.write(
            lambda session: previews.begin_preview(session, requested.id),
            identity=SYSTEM,
        )
        self._unwritten.add(self._answer(requested))
        self._unwritten.flush()

    def _answer(self, requested: RestorePreview) -> Callable[[Session], None]:
        lists: tuple[ChangeList, ...] = ()
        failure, compared_at = None, datetime.now(UTC)
        try:
            lists = self._compare(requested.to)
        except (CannotBackUp, CannotRestore, UnusableFileKeys) as error:
            failure = str(error)
        except DatabaseUnavailable:
            failure = "No server led the database while it was compared: ask again."
        except OSError as error:
            failure = f"The backups cannot be read ({error.strerror or error})."
        except Exception:
            _log.exception("A preview failed with an unexpected error.")
            failure = _UNEXPECTED
        if failure is not None:
            _log.warning("A preview of going back failed: %s", failure)
        return lambda session: previews.end_preview(
            session,
            requested.id,
            lists=lists,
            compared_at=compared_at,
            failure=failure,
        )
