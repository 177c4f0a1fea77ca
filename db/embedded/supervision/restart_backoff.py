"""How long a program that keeps ending waits before it is started again."""

import logging
import math
import time
from dataclasses import dataclass
from typing import Final

from db.embedded.data_folder import CannotStart
from db.embedded.processes.child_processes import Program

_log = logging.getLogger(__name__)

_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_HEALTHY_SECONDS: Final = 60.0


@dataclass(slots=True)
class RestartBackoff:
    """How long to wait before a program that keeps ending is started again."""

    failures: int = 0
    started_at: float = 0.0
    next_at: float = 0.0
    has_ended: bool = False
    known: Program | None = None

    def recent_failures(self, now: float) -> int:
        """Return how often in a row the program ended; 0 once it ran for a minute."""
        has_run_well = not self.has_ended and now - self.started_at >= _HEALTHY_SECONDS
        return 0 if has_run_well else self.failures

    def ended(self, now: float) -> None:
        """Record that the program has ended; the first time in a while is free."""
        self.failures = (
            self.failures + 1 if now - self.started_at < _HEALTHY_SECONDS else 0
        )
        pause = (
            _FIRST_PAUSE_SECONDS * 2 ** (self.failures - 1) if self.failures else 0.0
        )
        self.next_at = max(self.next_at, now + min(pause, _LONGEST_PAUSE_SECONDS))

    def started(self, now: float) -> None:
        """Record that the program has been started."""
        self.started_at = now

    def wait(self, seconds: float) -> None:
        """Do not start the program before this many seconds have passed."""
        self.next_at = max(self.next_at, time.monotonic() + seconds)

    def start_again(self, program: Program) -> bool:
        """Start a program that has ended, if it is time; return whether it was."""
        now = time.monotonic()
        if self.known is not program:
            # Its predecessor was stopped on purpose, which is no failure.
            self.known, self.started_at = program, -math.inf
        if not self.has_ended:
            self.has_ended = True
            self.ended(now)
            # Drills and fences kill programs as well, and have said so themselves.
            why = f": {ending}" if (ending := program.ending) else ""
            _log.warning("%s has ended and is started again%s.", program.name, why)
        if now < self.next_at:
            return False
        self.has_ended = False
        self.started(now)
        try:
            program.start()
        except CannotStart as error:
            # Such as without memory for a moment. It must not keep the supervisor from
            # the other programs, so it counts as a program that ended at once.
            _log.warning("%s could not be started: %s", program.name, error)
            return False
        return True
