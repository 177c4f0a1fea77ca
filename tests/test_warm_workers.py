"""A worker that begins with the tests loaded is like one that begins with nothing."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.kit.warm_workers import warm_workers

# The program that xdist gives its workers also reads what to do.
PROGRAM = "import sys; exec(sys.stdin.readline())"
QUESTION = (
    "import json, os, sys; print(json.dumps([__name__, sys.argv, os.getcwd(), "
    "os.environ['MARK'], sys.executable, [m.SUM for n, m in sys.modules.items() "
    "if n.endswith('test_sums')]]))\n"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a test in it."""
    folder = tmp_path_factory.mktemp("tests")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --import-mode=importlib")
    (folder / "test_sums.py").write_text("SUM = 3\ndef test_sum(): assert SUM == 3\n")
    return folder


@pytest.fixture(scope="module")
def python(folder: Path) -> Iterator[str]:
    """The Python in which workers of a run in the folder begin."""
    with warm_workers(["-q", "-n", "3", "test_sums.py"], folder) as python:
        assert python is not None
        yield python


def ask(python: str, cwd: Path, question: str = QUESTION) -> list[object]:
    """Return a worker's answer about itself, in the folder."""
    ran = subprocess.run(
        [python, "-u", "-c", PROGRAM],
        cwd=cwd,
        env=os.environ | {"MARK": "his"},
        input=question,
        capture_output=True,
        check=True,
        text=True,
    )
    assert ran.stderr == ""
    answer: list[object] = json.loads(ran.stdout)
    return answer


def test_it_differs_by_the_tests_alone_that_are_loaded(python, tmp_path):
    cold, warm = ask(sys.executable, tmp_path), ask(python, tmp_path)

    assert cold == ["__main__", ["-c"], str(tmp_path), "his", sys.executable, []]
    assert warm == [*cold[:-1], [3]]


def test_another_one_begins_when_one_has_died(python, tmp_path):
    died = subprocess.run(
        [python, "-u", "-c", PROGRAM],
        input="import os; os.kill(os.getpid(), 9)\n",
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert died.stdout == ""
    assert ask(python, tmp_path)[-1] == [3]


def test_nothing_of_it_is_left_after_the_run(folder):
    with warm_workers(["test_sums.py"], folder) as python:
        assert python is not None
        loaded = [p for p in psutil.Process().children() if _is_of(python, p)]
        assert len(loaded) == 1

    assert not Path(python).parent.exists()
    assert not loaded[0].is_running()


def test_where_a_test_ends_whoever_imports_it_workers_begin_cold(tmp_path):
    (tmp_path / "test_end.py").write_text("import os\nos._exit(3)\n")

    with warm_workers(["test_end.py"], tmp_path) as python:
        assert python is None


def test_a_run_begins_its_workers_so(request: pytest.FixtureRequest):
    if not hasattr(request.config, "workerinput"):
        pytest.skip("This run has no workers.")

    words = psutil.Process().cmdline()

    assert "tests.kit.warm_workers" in words


def _is_of(python: str, process: psutil.Process) -> bool:
    place = str(Path(python).parent)
    return any(word.startswith(place) for word in process.cmdline())
