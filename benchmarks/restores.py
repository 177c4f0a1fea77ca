"""How long restores take, step by step: into a sandbox, and in place.

    python -m benchmarks.restores [--megabytes N] [--file-megabytes N] [--times N]

Starts a clinic of its own with rows and files of that size, takes a full backup and,
after one row in each 200th page was changed, an incremental one, and keeps the log
through another such change. Then it restores the second after that, in turns: as
`restore --look` does, and as `restore --go-back` does after a table was dropped by
hand. At last its servers are stopped, and it is restored from backups and recovery kit
into an empty folder, as on another machine. A sandbox answers when the restored
PostgreSQL can be queried; everything in it has been proven when the look is over. The
others count from the order until the clinic is open, without web pages and without a
person who thinks about the confirmation.

The bars are for 1,000 MB of rows (10 s until a sandbox answers, 60 s until the clinic
is open), and for 1,000 MB of rows with 9,000 MB of files (180 s until it is open).
"""

import argparse
import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Final

import psycopg2

from benchmarks.clinic import CHANGE, Clinic
from benchmarks.stages import Stages, Step
from db import embedded
from db.backups import sandbox
from db.backups.recovery_kit import FILE_KEYS, PASSWORDS, SEAL_KEYS, RecoveryKit
from db.backups.replaced_data import remove_before
from db.backups.sandbox import Sandbox
from db.embedded.servers import database_roles
from jobs.backups import elsewhere as restoring_elsewhere, looking, opening, routes
from jobs.backups.elsewhere import RestoreSource, restore_elsewhere
from jobs.backups.going_back import restoring
from jobs.backups.going_back.files import FileReturns
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.looking import Proving, look
from jobs.backups.taking import take
from services.core.actors import CONSOLE

_SANDBOX_BAR: Final = 10.0
_OPEN_BAR: Final = 60.0
_OPEN_WITH_FILES_BAR: Final = 180.0
_FULL_EVERY: Final = timedelta(days=7)
_REPLAYED: Final = "log replayed"
_REST: Final = "the rest"
_RESTORING: Final = (
    Step(routes, "require_objects", "backup read, by SHA-256"),
    Step(opening, "require_objects", "backup read, by SHA-256"),
    Step(Proving, "require_whole", "files' copies read, by SHA-256"),
    Step(sandbox, "_unpack", "pages unsealed and unpacked"),
    Step(sandbox, "_put_together", "pages combined"),
    Step(opening, "unpacked", "given to PostgreSQL's user"),
    Step(restoring, "unpacked", "given to PostgreSQL's user"),
    Step(Sandbox, "verify", "pages verified"),
    Step(opening, "target_of", "log laid out, place found"),
    Step(restoring, "target_of", "log laid out, place found"),
    Step(Sandbox, "started", _REPLAYED),
    Step(looking, "_prove_tables", "rows read"),
    Step(looking, "_prove_files", "files decrypted and proven"),
    Step(looking, "_prove_audit", "audit log followed"),
    Step(restoring, "compare_live", "compared with the clinic"),
    Step(FileReturns, "bring_back", "files compared, or put back"),
    Step(restoring_elsewhere, "_bring_audit_log", "audit log put back"),
    Step(restoring._GoingBack, "finish", "rows brought up to date"),
    Step(FileReturns, "set_aside", "later files set aside"),
    Step(Sandbox, "hand_over", "made the clinic's, and synced"),
    Step(Clinic, "stop", "servers stopped"),
    Step(Clinic, "start", "servers started"),
)
_ROWS: Final = "SELECT count(*), sum(changes) FROM filled"


class WentWrong(Exception):
    """The restored data differ from the original ones."""


@dataclass
class Restore:
    """One restore: until a sandbox answered, until it was over, and its steps."""

    answers: float
    whole: float
    stages: dict[str, float]


@contextmanager
def _timed(restores: list[Restore]) -> Iterator[Stages]:
    stages, began = Stages(), time.perf_counter()
    with stages.watching(*_RESTORING):
        yield stages
    whole = time.perf_counter() - began
    known = dict(stages.seconds)
    known[_REST] = whole - sum(known.values())
    restores.append(Restore(stages.ended[_REPLAYED] - began, whole, known))


def _prepared(clinic: Clinic, wanted: argparse.Namespace) -> datetime:
    """Open a clinic, fill it and back it up; return the second to go back to."""
    clinic.start()
    clinic.file(b"%PDF")
    clinic.fill(megabytes=wanted.megabytes, file_megabytes=wanted.file_megabytes)
    clinic.cluster.wait_until_whole()
    with clinic.keeping() as keeper:
        take(clinic.source(), clinic.repository, full_every=_FULL_EVERY)
        clinic.ask(CHANGE)
        second = take(clinic.source(), clinic.repository, full_every=_FULL_EVERY)
        if second.manifest.is_full:
            raise WentWrong(second.sentence)
        clinic.ask(CHANGE)
        clinic.ship()
        to = datetime.now(UTC)
        clinic.await_log(keeper, to + timedelta(seconds=1))
    return to


def _look(clinic: Clinic, to: datetime, restores: list[Restore]) -> None:
    with _timed(restores):
        proof = look(clinic.cluster.folder, clinic.repository, clinic.keys, to=to)
    if not proof.log_segments:
        raise WentWrong("No log was replayed.")


def _go_back(clinic: Clinic, to: datetime, restores: list[Restore]) -> None:
    before = clinic.ask(_ROWS)
    clinic.ask("DROP TABLE filled")
    with clinic.keeping() as keeper:
        clinic.await_log(keeper, datetime.now(UTC))
    with _timed(restores):
        restoring.go_back(
            clinic.live(),
            GoingBackOrder(to, "A table was dropped by hand", CONSOLE),
            confirm=lambda _: None,
            closed=clinic.closed,
        )
    if (now := clinic.ask(_ROWS)) != before:
        raise WentWrong(f"It opened with {now}, and should have with {before}.")
    clinic.cluster.wait_until_whole()
    clinic.ship()
    remove_before(clinic.folder / "data", datetime.now(UTC))


def _restore_elsewhere(clinic: Clinic, to: datetime, restores: list[Restore]) -> None:
    """Restore into an empty folder, and start that; no other servers run meanwhile."""
    place = clinic.folder / "elsewhere"
    files = {
        FILE_KEYS: (clinic.folder / "file.keys").read_text(),
        SEAL_KEYS: (clinic.folder / "audit.key").read_text(),
        PASSWORDS: (clinic.folder / "data" / PASSWORDS).read_text(),
    }
    number = clinic.repository.system_id or ""
    kit = RecoveryKit(number, datetime.now(UTC), files)
    with _timed(restores) as stages:
        restore_elsewhere(
            RestoreSource(clinic.repository, kit), place, to, kept=timedelta(days=35)
        )
        with stages.stage("servers started"):
            cluster = embedded.start(place)
    try:
        url = cluster.addresses.primary_url("postgres", database_roles.NAME)
        with closing(psycopg2.connect(url)) as rows, rows.cursor() as cursor:
            cursor.execute(_ROWS)
            if not (cursor.fetchone() or (0,))[0]:
                raise WentWrong("It opened without its rows.")
    finally:
        cluster.stop()
        shutil.rmtree(place)


def _print_stages(restores: Sequence[Restore]) -> None:
    for name in restores[-1].stages:
        seconds = median(each.stages.get(name, 0.0) for each in restores)
        print(f"    {name:32}{seconds:8.2f} s")


def _print_line(name: str, seconds: Sequence[float], bar: float = math.inf) -> bool:
    usual, worst = median(seconds), max(seconds)
    words = "no bar" if math.isinf(bar) else f"bar {bar:.0f} s"
    print(f"{name}: {usual:.1f} s, worst {worst:.1f} s, {words}")
    return usual <= bar


@dataclass
class _Restores:
    """All restores of one clinic, by target."""

    looks: list[Restore] = field(default_factory=list)
    ways_back: list[Restore] = field(default_factory=list)
    elsewhere: list[Restore] = field(default_factory=list)

    def run(self, wanted: argparse.Namespace) -> None:
        """Restore a clinic in each way, as often as requested."""
        with tempfile.TemporaryDirectory(prefix="chartroom-restores-") as name:
            clinic = Clinic.below(Path(name))
            with clinic.held:
                to = _prepared(clinic, wanted)
                for _ in range(wanted.times):
                    _look(clinic, to, self.looks)
                    _go_back(clinic, to, self.ways_back)
                clinic.stop()
                for _ in range(wanted.times):
                    _restore_elsewhere(clinic, to, self.elsewhere)

    def report(self, size: str, open_bar: float, sandbox_bar: float = math.inf) -> bool:
        """Print the lines, and return whether all bars were kept."""
        answers = [each.answers for each in self.looks]
        is_kept = _print_line(f"a sandbox of {size} answers", answers, sandbox_bar)
        proven = median(each.whole for each in self.looks)
        print(f"all of it is proven: {proven:.1f} s, of which")
        _print_stages(self.looks)
        for where, restores in (
            ("open again in place", self.ways_back),
            ("open elsewhere", self.elsewhere),
        ):
            name = f"a clinic of {size} is {where}"
            seconds = [each.whole for each in restores]
            is_kept &= _print_line(name, seconds, open_bar)
            _print_stages(restores)
        return is_kept


def main() -> bool:
    """Print the lines, and return whether all bars were kept."""
    parser = argparse.ArgumentParser(description="Time restores, step by step.")
    parser.add_argument("--megabytes", type=int, default=1000, help="of rows")
    parser.add_argument("--file-megabytes", type=int, default=0, help="of files")
    parser.add_argument("--times", type=int, default=3, help="each")
    wanted = parser.parse_args()
    restores = _Restores()
    restores.run(wanted)
    size = f"{wanted.megabytes:,} MB of rows"
    if not (files := wanted.file_megabytes):
        return restores.report(size, _OPEN_BAR, _SANDBOX_BAR)
    return restores.report(f"{size} and {files:,} MB of files", _OPEN_WITH_FILES_BAR)


if __name__ == "__main__":
    sys.exit(not main())
