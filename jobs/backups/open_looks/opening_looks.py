"""Opens an earlier time for Chartroom's pages, read-only, beside the live clinic.

Its rows and audit log are proven as by hand first, and what was purged, erased and
revoked since is applied before anybody may look. Whether a file is there, and whole, is
checked when it is opened: nobody who looks for one record waits until all files are
read.
"""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final

from db.backups.log.archive import LogArchive
from db.backups.repository import Repository
from db.backups.sandbox import Sandbox, SandboxName, unpacked
from db.embedded import DataFolder
from db.embedded.processes import programs
from db.files.file_keys import FileKeys
from db.files.seal_keys import SealKeys
from db.mongo.audit_store import AuditStore
from db.postgres import SYSTEM, Database
from jobs.backups.going_back.catching_up import CatchingUp
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.looking import Proving
from jobs.backups.opening import require_whole, served, target_of
from jobs.backups.routes import Route, route_to
from services.backups import ledger
from services.backups.looks import RestoreLook
from services.core.actors import CONSOLE

_REASON: Final = "Opened to look around in"


@dataclass(frozen=True, slots=True)
class LookSource:
    """The clinic whose earlier times are opened: its backups, keys, rows and log."""

    folder: DataFolder
    repository: Repository
    keys: FileKeys
    seal_keys: Callable[[], SealKeys]
    database: Database
    audit: AuditStore

    @contextmanager
    def opened(self, look: RestoreLook) -> Iterator[int]:
        """Open the clinic as of a look's time; yield the port on which it answers.

        All of it is removed afterwards. Raises CannotRestore, and SetBroken for what is
        not as it was written.
        """
        repository, folder = self.repository, self.folder
        with ExitStack() as held:
            # Backups may be thinned out again while people look around.
            with repository.read_from():
                if (system_id := folder.system_id()) and repository.system_id:
                    repository.require_clinic(system_id)
                number = repository.system_id or ""
                archive = LogArchive(repository.folder, number, self.keys)
                route = route_to(repository, archive, look.to)
                sandbox = self._restore(archive, route, look, held)
            database = route.manifest.database
            yield held.enter_context(
                served(folder, sandbox, database, look.server_name)
            )

    def _restore(
        self, archive: LogArchive, route: Route, look: RestoreLook, held: ExitStack
    ) -> Sandbox:
        """Restore a route and prove its rows, and bring them up to date."""
        folder, repository, manifest = self.folder, self.repository, route.manifest
        proving = Proving(folder, repository, self.keys, archive, route)
        seal = require_whole(folder, repository, self.keys, route)
        binaries = programs.find(folder.path)
        objects = repository.set_folder(manifest.set_id)
        name = SandboxName.OPEN_LOOK
        sandbox = held.enter_context(
            unpacked(folder, binaries, seal, objects, name=name)
        )
        sandbox.verify()
        target = target_of(sandbox, archive, route)
        with sandbox.started(manifest.database, target) as url:
            proving.prove_rows(url)
            self._catching_up(look, manifest.set_id).bring_up_to_date(sandbox, url)
        return sandbox

    def _catching_up(self, look: RestoreLook, set_id: str) -> CatchingUp:
        forgotten = self.database.read_latest(
            lambda session: ledger.list_forgotten(session, look.to), identity=SYSTEM
        )
        purged, erased = forgotten.value
        return CatchingUp(
            self.folder,
            self.audit,
            self.seal_keys(),
            GoingBackOrder(look.to, _REASON, CONSOLE),
            set_id,
            purged,
            erased,
        )
