"""Whether going back in place opens the earlier clinic, many times in a row.

    python -m benchmarks.going_back [TIMES]

Starts a clinic of its own, files documents, backs it up and keeps its log. Then, TIMES
times (20 by default), more is filed and a table is dropped; the clinic goes back to the
second before, is started as the launcher does, and is checked. It has to be the same
PostgreSQL with the earlier rows and files, three servers that follow one primary, and
an audit log that continues. A clinic that opens empty ends the run.
"""

import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from benchmarks.clinic import Clinic
from db.backups.replaced_data import remove_before
from jobs.backups.going_back.replaying import GoingBackOrder
from jobs.backups.going_back.restoring import go_back
from jobs.backups.taking import take
from services.audit import chain
from services.core.actors import CONSOLE

_COUNTS: Final = """
SELECT (SELECT count(*) FROM documents), (SELECT count(*) FROM numbers),
    pg_control_system.system_identifier::text
FROM pg_control_system()
"""


class WentWrong(Exception):
    """The clinic that opened is not the earlier one."""


def _prepared(clinic: Clinic) -> datetime:
    """Open a clinic and back it up; return the second to go back to."""
    clinic.start()
    for number in range(5):
        clinic.file(f"%PDF {number}".encode() * 2000)
    clinic.ask("CREATE TABLE numbers AS SELECT generate_series(1, 20000) AS n")
    with clinic.keeping() as keeper:
        take(clinic.source(), clinic.repository)
        clinic.ship()
        to = datetime.now(UTC)
        clinic.await_log(keeper, to + timedelta(seconds=1))
    return to


def _round(clinic: Clinic, to: datetime) -> dict[str, float]:
    """Change the clinic, go back, and check it; return the time of each part."""
    before = clinic.ask(_COUNTS)
    clinic.file(b"%PDF later" * 500)
    clinic.ask("DROP TABLE numbers")
    with clinic.keeping() as keeper:
        clinic.await_log(keeper, datetime.now(UTC))
    began = time.monotonic()
    went = go_back(
        clinic.live(),
        GoingBackOrder(to, "A table was dropped by hand", CONSOLE),
        confirm=lambda _: None,
        closed=clinic.closed,
    )
    whole = time.monotonic() - began
    if (now := clinic.ask(_COUNTS)) != before:
        raise WentWrong(f"It opened with {now}, and should have with {before}.")
    clinic.cluster.wait_until_whole()
    clinic.ship()
    verification = chain.verify(
        clinic.database, clinic.audit, clinic.seal_keys.read_or_make()
    )
    if not verification.is_whole:
        raise WentWrong(verification.sentence)
    remove_before(clinic.folder / "data", datetime.now(UTC))
    return {
        "restored and proven": went.proof.seconds,
        "servers started": clinic.opened_seconds,
        "from the order until it is open": whole,
        "until three servers follow": time.monotonic() - began,
    }


def main() -> None:
    """Print how each round went, and the total times."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    rounds: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        clinic = Clinic.below(Path(name))
        with clinic.held:
            to = _prepared(clinic)
            for number in range(1, times + 1):
                rounds.append(_round(clinic, to))
                parts = ", ".join(f"{k} {v:.1f} s" for k, v in rounds[-1].items())
                print(f"{number:3}: as it was; {parts}", flush=True)
    for what in rounds[0]:
        took = sorted(each[what] for each in rounds)
        print(
            f"{what}: median {statistics.median(took):.1f} s, worst {took[-1]:.1f} s, "
            f"{len(took)} of {times} times"
        )


if __name__ == "__main__":
    main()
