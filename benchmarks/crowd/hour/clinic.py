"""A whole clinic as one command starts it, and the events that can be caused in it."""

import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psutil
import psycopg2
from sqlalchemy import text

from benchmarks.crowd.chartroom_work import ChartroomWork
from benchmarks.crowd.person import Person
from benchmarks.crowd.population import Population, populate
from benchmarks.crowd.saves import Saves
from benchmarks.crowd.servers import WATCH, Server, Site
from benchmarks.crowd.work import roles_of
from db import embedded
from db.cluster.patroni import Patroni
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from tests.conftest import owner
from tests.launch.launcher import ROOT, Launcher, serving

_FRONT: Final = "front"
_NUMBERS: Final = "SELECT id, phone_number FROM patients WHERE phone_number IS NOT NULL"
# Rows that exist for a while only, and must not pile up.
_PASSING: Final = {
    "holds": "SELECT count(*) FROM booking_slots WHERE status = 'held'",
    "receipts": "SELECT count(*) FROM write_receipts",
    "sessions": "SELECT count(*) FROM sessions",
    "connections": "SELECT count(*) FROM pg_stat_activity WHERE usename IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Held:
    """What the web processes and the front hold at one time.

    Memory is listed for web processes and front; everything else is the sum of both.
    """

    memory_bytes: int
    front_bytes: int
    threads: int
    descriptors: int
    processor_seconds: float

    def line(self) -> str:
        """Return it in words."""
        return (
            f"{self.memory_bytes / 1e6:,.0f} + {self.front_bytes / 1e6:,.0f} MB, "
            f"{self.threads} threads, "
            f"{self.descriptors:,} descriptors"
        )


@dataclass(slots=True)
class Clinic:
    """A running Chartroom: web processes behind their front, worker and databases."""

    launcher: Launcher
    endpoints: Endpoints
    population: Population
    processes: tuple[str, ...]
    saves: Saves = field(default_factory=Saves)

    def site(self) -> Site:
        """Return it as an app for a crowd."""
        pid = self.launcher.child(self.processes[0]).pid
        front = Server(self.launcher.address, pid, counts=False)
        return Site("ours", [front], self._work_of, WATCH)

    def _work_of(self, person: Person) -> ChartroomWork:
        return ChartroomWork(person, self.population.names, self.saves)

    def _process(self, name: str) -> psutil.Process | None:
        """Return a process by its name; None if it is not running."""
        try:
            if name != _FRONT:
                return self.launcher.find_child(name)
            # Caddy took its place, and its name.
            return next(p for p in self.launcher.processes() if p.name() == "caddy")
        except (StopIteration, psutil.NoSuchProcess):
            return None

    def held(self) -> Held:
        """Return what the processes hold that serve pages."""
        threads = descriptors = 0
        seconds = 0.0
        memory = Counter[str]()
        for name in self.processes:
            if (process := self._process(name)) is None:
                continue
            # It may have been killed since it was found.
            with suppress(psutil.NoSuchProcess), process.oneshot():
                memory[name] = process.memory_info().rss
                threads += process.num_threads()
                descriptors += process.num_fds()
                times = process.cpu_times()
                seconds += times.user + times.system
        front = memory.pop(_FRONT, 0)
        return Held(memory.total(), front, threads, descriptors, seconds)

    def passing_rows(self) -> dict[str, int]:
        """Count the rows that the databases keep for a while only."""
        counts = {}
        with (
            closing(psycopg2.connect(owner(self.endpoints))) as connection,
            connection.cursor() as cursor,
        ):
            for name, counted in _PASSING.items():
                cursor.execute(counted)
                (counts[name],) = cursor.fetchone() or (0,)
        return counts

    def lost(self) -> list[str]:
        """Return the phone numbers that were confirmed and are not there."""
        with closing(Database(self.endpoints)) as database:
            rows = database.write(
                lambda session: session.execute(text(_NUMBERS)).all(), identity=SYSTEM
            ).value
        return self.saves.lost({str(id_): number for id_, number in rows})


def fail_over(clinic: Clinic) -> None:
    """Kill the primary's server, as a crash does."""
    leader = Patroni(clinic.endpoints).cluster().leader
    if leader is None:
        raise LookupError("No server leads.")
    files = str(clinic.launcher.data / "postgres" / leader.name)
    for process in clinic.launcher.processes():
        if process.name() == "postgres" and files in process.cmdline():
            process.kill()


def kill(clinic: Clinic) -> None:
    """Kill a web process."""
    clinic.launcher.child(clinic.processes[0]).kill()


def reload(clinic: Clinic) -> None:
    """Replace the web processes and the worker, as for a new version."""
    command = [sys.executable, "-m", "dashboard", "reload"]
    subprocess.run(
        [*command, "--data", str(clinic.launcher.data)], cwd=ROOT, check=True
    )


EVENTS: Final[Mapping[str, Callable[[Clinic], None]]] = {
    "failover": fail_over,
    "kill": kill,
    "reload": reload,
}


@contextmanager
def running_clinic(folder: Path, servers: int, people: int) -> Iterator[Clinic]:
    """Start a clinic in a folder, with records and accounts for a number of people."""
    launcher = Launcher(folder / "data", "--empty", "--servers", str(servers))
    with serving(launcher, CHARTROOM_DEMO="true"):
        endpoints = embedded.attach(launcher.data).endpoints
        with closing(Database(endpoints)) as database:
            population = populate(database, roles_of(people))
        pages = tuple(f"web-{number}" for number in range(1, servers + 1))
        names = (*pages, _FRONT) if servers > 1 else ("web",)
        yield Clinic(launcher, endpoints, population, names)
