"""Continuous copying between two backups, which goes on whatever goes wrong."""

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable
from datetime import datetime
from threading import Event
from typing import Final

from db.backups.backup_errors import CannotBackUp
from db.backups.repository import Repository

_PAUSE_SECONDS: Final = 2.0
_log = logging.getLogger(__name__)


class Follower(ABC):
    """Keeps copies up to date; `until` is how far, `failure` why no further.

    `subject` is what is copied and `trouble` the sentence that it is not; `expected`
    are the errors whose own messages suffice. `require_repository` raises CannotBackUp
    while the folder is away, or another clinic's.
    """

    subject: str
    trouble: str
    expected: tuple[type[Exception], ...]

    def __init__(
        self, repository: Repository, require_repository: Callable[[], None]
    ) -> None:
        self.until: datetime | None = None
        self.failure = ""
        self._repository = repository
        self._require_repository = require_repository

    @abstractmethod
    def follow(self, stopping: Event) -> None:
        """Copy what is there and what comes until `stopping`; raises what ends it."""

    def run(self, stopping: Event) -> None:
        """Follow until `stopping` is set, whatever goes wrong in the meantime."""
        while not stopping.is_set():
            try:
                # The first backup will copy them all.
                if self._repository.survey().newest is not None:
                    self.follow(stopping)
            except CannotBackUp as error:
                self.failure = str(error)
            except self.expected as error:
                self.failure = f"{self.trouble}: {error}"
            except OSError as error:
                self.failure = f"{self.trouble}: {error.strerror or error}."
            except Exception:
                self.failure = f"{self.trouble}: the worker's log says why."
                _log.exception("Following %s failed; starting again.", self.subject)
            stopping.wait(_PAUSE_SECONDS)
