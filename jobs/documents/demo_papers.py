"""Files the demo's papers beside the queue's tasks, once the clinic is open."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from time import monotonic
from typing import Final

from db.postgres import DatabaseUnavailable
from jobs.worker.background_threads import background_threads
from services.core.errors import Unavailable
from services.demo.history.papers import Papers

# The first page should be drawn first.
_FIRST_SECONDS: Final = 3.0
_AGAIN_SECONDS: Final = 15.0
_log = logging.getLogger(__name__)


@contextmanager
def filing(papers: Papers) -> Iterator[None]:
    """File in the background until all are there or the block ends."""
    with background_threads(demo_papers=Filer(papers).run):
        yield


class Filer:
    """Files missing papers, and tries again while a server is away."""

    def __init__(self, papers: Papers) -> None:
        self._papers = papers

    def run(self, stopping: Event) -> None:
        """File until all are there or `stopping` is set."""
        pause = _FIRST_SECONDS
        while not stopping.wait(pause) and not self.attempt(stopping):
            pause = _AGAIN_SECONDS

    def attempt(self, stopping: Event) -> bool:
        """File missing papers; return whether that is all there is to do."""
        began = monotonic()
        try:
            filed, prescribed = self._papers.file_missing(stopping.is_set)
        except (DatabaseUnavailable, Unavailable) as error:
            _log.warning("The demo's documents have to wait: %s.", type(error).__name__)
            return False
        except Exception:
            # A demo without its papers is better than a worker without its thread.
            _log.exception("The demo's documents cannot be filed.")
            return True
        if filed or prescribed:
            _log.info(
                "Filed the demo's documents in %.1f s: %d documents, %d prescriptions.",
                monotonic() - began,
                filed,
                prescribed,
            )
        return True
