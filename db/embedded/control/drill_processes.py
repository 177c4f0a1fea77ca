"""Runs drills as children of the launcher, and keeps what they print."""

import os
import re
import subprocess
import sys
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import Final

from db.cluster.control_client import ControlRefused, DrillProgress
from db.embedded.processes import child_processes

_COMMAND: Final = (sys.executable, "-m", "dashboard", "drill")
# It becomes an argument of a command line: never an option.
_KIND: Final = re.compile("[a-z]+(-[a-z]+)*")
_MOST_LINES: Final = 2_000
_KEPT: Final = 20
_STOP_SECONDS: Final = 5.0


@dataclass(slots=True)
class _Drill:
    process: subprocess.Popen[bytes]
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))

    def read(self) -> None:
        """Collect what the drill prints until it ends."""
        if self.process.stdout is None:
            return
        with self.process.stdout as output:
            for line in output:
                self.lines.append(line.decode(errors="replace").rstrip("\n"))
        self.process.wait()


class Drills:
    """One drill at a time, and the last few that have ended.

    `data` is the folder of the cluster on which they run.
    """

    def __init__(self, data: Path, command: Sequence[str] = _COMMAND) -> None:
        self._data = data
        self._command = tuple(command)
        self._guard = Lock()
        self._drills: dict[str, _Drill] = {}

    def start(self, kind: str, drill_id: str) -> None:
        """Start a drill; raises ControlRefused while another one runs."""
        if not _KIND.fullmatch(kind):
            raise ControlRefused("There is no such drill.")
        with self._guard:
            running = [d for d in self._drills.values() if d.process.poll() is None]
            if running or drill_id in self._drills:
                raise ControlRefused(
                    "A drill is already running: wait until it has ended."
                )
            drill = _Drill(self._spawn(kind, drill_id))
            self._drills[drill_id] = drill
            for old in list(self._drills)[:-_KEPT]:
                del self._drills[old]
        Thread(target=drill.read, name="drill", daemon=True).start()

    def progress(self, drill_id: str) -> DrillProgress | None:
        """Return a drill's progress; None if it is not known here."""
        with self._guard:
            drill = self._drills.get(drill_id)
        if drill is None:
            return None
        return DrillProgress(tuple(drill.lines), drill.process.poll())

    def close(self) -> None:
        """Stop the drill that runs."""
        with self._guard:
            child_processes.end_children(
                (drill.process for drill in self._drills.values()),
                seconds=_STOP_SECONDS,
            )

    def _spawn(self, kind: str, drill_id: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603
            [*self._command, kind, "--record", drill_id],
            env=os.environ
            | {"CHARTROOM_DATA": str(self._data), "PYTHONUNBUFFERED": "1"},
            cwd=Path(__file__).parents[3],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Ctrl-C is for the launcher, which stops the drill.
            start_new_session=True,
        )
