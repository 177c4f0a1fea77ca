"""A program that begins warm ends, prints and reads as one that `python -m` starts."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.kit import warm_start
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
        # Python sets it in what it starts where there is none.
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
    # Of an error, what Python says last.
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
