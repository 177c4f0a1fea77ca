"""Workers of a run of tests that begin with all of its tests loaded.

Each would import every test and what it tests, which takes most of a collection. Here
one process collects them, compiling what is new, and is copied for each worker; what
the copies have in common is in memory once.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

import pytest

from tests.kit import stand_ins
from tests.kit.waiting import eventually

_LOADING_SECONDS = 600


@contextmanager
def warm_workers(arguments: Sequence[str], cwd: Path) -> Iterator[str | None]:
    """Provide a Python for workers of a run with these arguments in this folder.

    There is None where a test ends whoever imports it: its own worker says so.
    """
    with TemporaryDirectory(prefix="chartroom-workers-") as place:
        path = stand_ins.meeting_place(Path(place))
        words = [str(path), str(os.getpid()), str(cwd), *arguments]
        loading = subprocess.Popen(
            [sys.executable, "-m", __name__, *words],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            # Whoever presses Ctrl-C ends the run, and the run ends this.
            start_new_session=True,
        )
        try:
            eventually(
                lambda: path.exists() or loading.poll() is not None,
                seconds=_LOADING_SECONDS,
            )
            yield str(stand_ins.python(Path(place))) if path.exists() else None
        finally:
            loading.kill()
            loading.wait()


def _load(arguments: list[str]) -> None:
    """Import the tests that a run with these arguments has."""
    with (
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        redirect_stderr(nowhere),
    ):
        pytest.main([*arguments, "--collect-only", "-n", "0", "-p", "no:cacheprovider"])
    # Of what was collected nothing stays but what is loaded: nobody looks through that,
    # and copies share it.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _become(worker: stand_ins.Request) -> None:
    """Be, in a process made for this, what `python -u -c` would be."""
    os.environ.clear()
    os.environ.update(worker.env)
    os.chdir(worker.cwd)
    sys.stdin, sys.stdout, sys.stderr = (
        os.fdopen(0),
        os.fdopen(1, "w"),
        os.fdopen(2, "w", buffering=1),
    )
    sys.argv = ["-c"]
    main = sys.modules["__main__"] = ModuleType("__main__")
    exec(worker.words[-1], vars(main))  # noqa: S102 - as `-c` does, what xdist has written


if __name__ == "__main__":
    place, parent, cwd, *arguments = sys.argv[1:]
    os.chdir(cwd)
    _load(arguments)
    if request := stand_ins.await_request(Path(place), int(parent)):
        _become(request)
