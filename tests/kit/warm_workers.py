"""Workers of a test run that begin with all of its tests loaded.

Each would otherwise import every test and the code that it tests, which takes most of a
collection. Here one process collects them, compiling what is new, and is copied for
each worker; what the copies share is in memory once.
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

    It is None where a test module ends the process that imports it: the worker itself
    then reports that.
    """
    with TemporaryDirectory(prefix="chartroom-workers-") as place:
        path = stand_ins.meeting_place(Path(place))
        words = [str(path), str(os.getpid()), str(cwd), *arguments]
        loading = subprocess.Popen(
            [sys.executable, "-m", __name__, *words],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            # Ctrl-C ends the run, and the run ends this process.
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
    # Nothing of what was collected stays, only the loaded modules: they are not
    # searched for garbage, and copies share them.
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def _become(worker: stand_ins.Request) -> None:
    """Run in a process made for it what `python -u -c` would run."""
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
