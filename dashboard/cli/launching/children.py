"""The launcher's own child processes: the web server and the worker.

A child waits for a line on its standard input before it begins, so that it can import
what it needs while the databases start; it ends when that input ends. So no child
outlives a launcher that was killed, and none keeps the port that the next one needs.
"""

import ctypes
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from db.embedded import CannotStart, translate_os_errors
from db.embedded.processes import child_processes, shortages
from db.embedded.supervision.restart_backoff import RestartBackoff

_log = logging.getLogger(__name__)

ATTENDED: Final = "CHARTROOM_ATTENDED"
_STOP_SECONDS: Final = 15.0
_LONGEST_WORD: Final = 64
_PR_SET_PDEATHSIG: Final = 1


@dataclass(slots=True)
class Child:
    """One child: `python -m dashboard NAME` with the launcher's settings.

    Or with `words` instead of NAME, where several children have the same command.
    """

    name: str
    log: Path
    words: tuple[str, ...] = ()
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    backoff: RestartBackoff = field(default_factory=RestartBackoff)

    def start(self) -> None:
        """Start the process, which prepares itself and waits for `begin`.

        Raises CannotStart if its log, in the data folder's `logs`, cannot be written,
        or the system starts no process.
        """
        with (
            translate_os_errors(self.log.parent.parent),
            child_processes.open_log(self.log) as output,
        ):
            self.process = subprocess.Popen(  # noqa: S603
                [sys.executable, "-m", "dashboard", *(self.words or (self.name,))],
                env=os.environ | {ATTENDED: "1"},
                stdin=subprocess.PIPE,
                # What a dead child did not read must not be written again on closing.
                bufsize=0,
                stdout=output,
                stderr=subprocess.STDOUT,
                # Ctrl-C is for the launcher, which ends its children in order.
                start_new_session=True,
            )
        self.backoff.started(time.monotonic())

    def begin(self) -> None:
        """Have the process do its work."""
        self._say("begin\n")

    @property
    def is_running(self) -> bool:
        """Whether the process was started and has not ended."""
        return self.process is not None and self.process.poll() is None

    def look_after(self) -> None:
        """Start the process again if it has ended, after the backoff that is due."""
        if self.is_running:
            return
        now = time.monotonic()
        if self.process is not None:
            reason = shortages.explain_exit(self.process.returncode) or "see its log"
            _log.warning("%s has ended and is started again: %s.", self.name, reason)
            stop([self])
            self.backoff.ended(now)
        if now < self.backoff.next_at:
            return
        try:
            self.start()
        except CannotStart as error:
            # Such as without memory for a moment: everything else goes on meanwhile.
            _log.warning("%s could not be started: %s", self.name, error)
            self.backoff.started(now)
            self.backoff.ended(now)
            return
        self.begin()

    def _say(self, word: str) -> None:
        # It may have ended already; `look_after` will notice.
        with suppress(BrokenPipeError):
            if self.process is not None and self.process.stdin is not None:
                self.process.stdin.write(word.encode())


def stop(children: Sequence[Child]) -> None:
    """Stop children together, and return when they are gone.

    Nobody is told that one of them has ended if it is started again later.
    """
    started = [child.process for child in children if child.process is not None]
    child_processes.end_children(started, seconds=_STOP_SECONDS)
    for process in started:
        if process.stdin is not None:
            process.stdin.close()
    for child in children:
        child.process = None


def end(child: Child) -> None:
    """Ask a child to end, without waiting for it."""
    if child.process is not None:
        child.process.terminate()


def last_words(child: Child) -> str:
    """Return the last line that a child wrote, or that it was killed."""
    code = child.process.returncode if child.process is not None else None
    if reason := shortages.explain_exit(code):
        return f"{reason}."
    return child_processes.last_words(child.log)


def is_attended() -> bool:
    """Return whether a launcher has started this process, and will have it begin."""
    return ATTENDED in os.environ


def attend() -> None:
    """In a child, wait for the launcher's signal to begin, and end when it ends.

    Returns at once in a process that was not started by a launcher.
    """
    if not os.environ.pop(ATTENDED, None):
        return
    if not os.read(sys.stdin.fileno(), _LONGEST_WORD):
        raise SystemExit(0)
    threading.Thread(target=_end_with_launcher, daemon=True).start()


def end_with_parent() -> None:
    """In a child that becomes another program, have the system end it with us.

    That program does not read its standard input, so it would not notice.
    """
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _end_with_launcher() -> None:
    # Not through sys.stdin: a thread that waits in it blocks Python's own exit.
    while os.read(sys.stdin.fileno(), _LONGEST_WORD):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_STOP_SECONDS)
    os._exit(1)
