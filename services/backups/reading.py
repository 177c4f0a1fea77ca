"""Reads the backups for callers that must not wait: pages, and collectors of metrics.

The folder may be on a network disk that is away, and then does not answer.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from db.backups.repository import Repository
from db.disk_reading import DiskReader, DiskSilent, KeptReading, Seen
from db.files.file_keys import FileKeys
from services.backups.facts import BackupFacts, read_facts
from services.backups.state import BackupState, read_state
from services.core.actors import KEEPER, Actor, Permission
from services.core.errors import Unavailable
from services.core.sentences import Sentence

T = TypeVar("T")


class BackupFolderSilent(Unavailable):
    """The disk of the backups does not answer, and without it nothing is known."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            Sentence(
                "The backup folder {folder} does not answer: see that its disk is "
                "mounted and that whoever serves it runs.",
                folder=str(folder),
            )
        )


class BackupReader:
    """Reads a repository in a thread, and remembers what was there last.

    `data` is the folder that is backed up.
    """

    def __init__(self, repository: Repository, data: Path, keys: FileKeys) -> None:
        self._repository = repository
        self._reader = DiskReader()
        self._state = KeptReading(
            lambda: read_state(KEEPER, repository, data, keys), self._reader
        )
        self._facts = KeptReading(
            lambda: read_facts(repository, keys, datetime.now(UTC)), self._reader
        )

    def state(self, actor: Actor) -> BackupState:
        """Return the backups that exist, or did when their disk last answered.

        Raises NotAllowed and OSError.
        """
        actor.require(Permission.VIEW_REPLICATION)
        seen = self._state.look()
        known = seen.value or BackupState.unknown(self._repository.folder)
        return replace(known, silent_since=seen.silent_since)

    def facts(self) -> Seen[BackupFacts]:
        """Return the facts for metrics. Raises OSError."""
        return self._facts.look()

    def ask(self, reading: Callable[[Repository], T]) -> T:
        """Return the result of `reading` the repository.

        Raises BackupFolderSilent, and whatever `reading` raises.
        """
        try:
            return self._reader.read(lambda: reading(self._repository))
        except DiskSilent as silent:
            raise BackupFolderSilent(self._repository.folder) from silent
