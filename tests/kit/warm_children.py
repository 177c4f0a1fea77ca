"""The web processes and the worker of a warm launcher, with Chartroom's code loaded.

A launcher starts them with the Python that it runs in itself. A warm launcher is given
another Python, which has them copied from a process that has imported everything:
stand-ins are children of the launcher in their place (tests/kit/stand_ins.py). All
other programs started with that Python are started as usual.
"""

import atexit
import functools
import os
import shutil
import sys
from pathlib import Path
from tempfile import mkdtemp

from tests.kit import stand_ins
from tests.kit.waiting import eventually
from tests.kit.warm_start import Program, WarmProcess, written_to

_WARM = 'words[:2] == ["-m", "dashboard"] and words[2] in ("web", "worker")'


@functools.cache
def python() -> str:
    """Return the path of a Python in which `python -m dashboard web` begins warm."""
    folder = Path(mkdtemp(prefix="chartroom-warm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    program = stand_ins.python(folder, warm=_WARM)
    path = stand_ins.meeting_place(folder)
    WarmProcess(
        [__name__, str(path), str(os.getpid())],
        cwd=Path.cwd(),
        env=os.environ,
        output=folder / "output",
    )
    eventually(path.exists)
    return str(program)


def is_stand_in(words: list[str]) -> bool:
    """Return whether a process with these arguments only stands in for a warm child."""
    return any(Path(word).name == stand_ins.NAME for word in words)


def _copy_on_request(path: Path, parent: int) -> None:
    """Become a copy of this process that runs a child, or end with the parent."""
    if request := stand_ins.await_request(path, parent):
        sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), written_to(1), written_to(2)
        # The words after `-m`.
        Program(tuple(request.words[1:]), request.cwd, request.env).become()


if __name__ == "__main__":
    _copy_on_request(Path(sys.argv[1]), int(sys.argv[2]))
