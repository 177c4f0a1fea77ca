"""A program that begins warm ends, prints and reads like one started cold."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType

import psutil
import pytest

from dashboard.cli.launching.children import ATTENDED
from tests.kit import warm_children, warm_start
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess

PROGRAMS = {
    "ends well": "print('done')",
    "prints apart": "import sys; print('here'); print('there', file=sys.stderr)",
    "reads": "import sys; print(sys.stdin.read().upper())",
    "names itself": "import sys; print(__name__, sys.argv[1:])",
    "is elsewhere": "import os; print(os.getcwd(), os.environ['CHARTROOM_DATA'])",
    "has this environment alone": "import os; print(sorted(os.environ))",
    "has a number": "import sys; sys.exit(3)",
    "has a sentence": "import sys; sys.exit('It did not work.')",
    "is killed": "import os; print('now', flush=True); os.kill(os.getpid(), 9)",
    "is warned": "import warnings; warnings.warn('Look.')",
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)
def test_a_warm_program_does_as_a_cold_one(tmp_path: Path, program: str):
    (tmp_path / "program.py").write_text(program)
    variables = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(tmp_path),
        "PYTHONWARNINGS": "error",
        "CHARTROOM_DATA": "data",
        # Python sets this in its child processes if it is not set.
        "LC_CTYPE": "C.UTF-8",
    }

    cold = subprocess.run(
        [sys.executable, "-m", "program", "word"],
        cwd=tmp_path,
        env=variables,
        input="words",
        capture_output=True,
        text=True,
        check=False,
    )
    warm = warm_start.run(
        ["program", "word"], cwd=tmp_path, env=variables, given="words"
    )

    assert warm.returncode == cold.returncode
    assert warm.stdout == cold.stdout
    # For an error, only Python's last line.
    assert warm.stderr.splitlines()[-1:] == cold.stderr.splitlines()[-1:]


def test_a_warm_program_runs_nothing_of_what_this_process_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "program.py").write_text("print('done')")
    page = ModuleType("__main__")
    page.__file__ = str(tmp_path / "page.py")
    (tmp_path / "page.py").write_text("raise AssertionError('the page is run')")
    monkeypatch.setitem(sys.modules, "__main__", page)

    ran = warm_start.run(["program"], cwd=tmp_path, env={})

    assert (ran.stdout, ran.stderr) == ("done\n", "")


def test_a_warm_program_is_ended_by_signals_and_says_by_which(tmp_path: Path):
    (tmp_path / "program.py").write_text("import time; time.sleep(60)")
    variables = {"PYTHONPATH": str(tmp_path)}
    log = tmp_path / "log"
    process = WarmProcess(["program"], cwd=tmp_path, env=variables, output=log)

    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.1)
    assert process.poll() is None
    process.terminate()

    assert process.wait(20) == -signal.SIGTERM
    process.send_signal(signal.SIGTERM)
    assert process.poll() == -signal.SIGTERM


def test_a_warm_program_has_chartroom_loaded(tmp_path: Path):
    (tmp_path / "program.py").write_text("import sys; print(*sys.modules)")

    ran = warm_start.run(["program"], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)})

    loaded = ran.stdout.split()
    assert {"dashboard.web.server", "dashboard.cli.running"} <= set(loaded)
    assert "tests.kit.loaded" in loaded


@pytest.fixture
def waiting(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], psutil.Process]]:
    """A worker that waits for its launcher: its stand-in, and the worker itself."""
    data = str(tmp_path / "Ada's clinic, ärztlich")
    stand_in = subprocess.Popen(
        [warm_children.python(), "-m", "dashboard", "worker"],
        env=os.environ | {ATTENDED: "1", "CHARTROOM_DATA": data},
        stdin=subprocess.PIPE,
    )

    def find() -> list[psutil.Process]:
        return [p for p in psutil.process_iter() if _is_worker_of(data, p)]

    [worker] = eventually(find)
    yield stand_in, worker
    stand_in.kill()
    with stand_in:
        pass


def _is_worker_of(data: str, process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        words = [word for word in process.cmdline() if word]
        its_data = process.environ().get("CHARTROOM_DATA")
        return words[1:] == ["-m", "dashboard", "worker"] and its_data == data
    return False


def test_a_warm_child_has_the_streams_of_its_launcher(tmp_path: Path):
    words = [warm_children.python(), "-m", "dashboard", "worker", "--help"]

    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, check=True)

    assert b"Run the background jobs" in ran.stdout
    assert ran.stderr == b""


def test_a_warm_child_ends_as_its_stand_in_is_told(waiting):
    stand_in, worker = waiting

    stand_in.terminate()

    assert stand_in.wait(20) == 0
    assert not worker.is_running()


def test_a_warm_child_that_is_killed_takes_its_stand_in_along(waiting):
    stand_in, worker = waiting

    worker.kill()

    assert stand_in.wait(20) == 0


def test_a_warm_child_ends_with_its_launcher(waiting):
    stand_in, worker = waiting

    stand_in.stdin.close()

    assert stand_in.wait(20) == 0
    assert not worker.is_running()


def test_with_the_python_of_a_warm_launcher_all_else_is_started_as_ever():
    words = [warm_children.python(), "-c", "import sys; print(sys.executable)"]

    ran = subprocess.run(words, capture_output=True, check=True, text=True)

    assert ran.stdout == f"{sys.executable}\n"
