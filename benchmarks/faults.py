"""How long writes pause when something of the embedded cluster is lost.

    python -m benchmarks.faults [ROUNDS]

Starts a cluster of its own. A writer commits fifty times a second in the way Chartroom
does; each fault is inflicted on the primary through the launcher's control server. A
pause is the time from the last acknowledgement before the fault to the first one after
it; in the end every acknowledged row is looked for. It fails if one is lost, or if the
median pause of a fault is too long.
"""

import statistics
import sys
import tempfile
import time
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Final

import psycopg2

from db import embedded
from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster

_EVERY_SECONDS: Final = 0.02
_SETTLING_SECONDS: Final = 4.0
_AWAY_SECONDS: Final = 8.0
_MOST_SECONDS: Final = 3.0
_FAULTS: Final = (
    Fault.KILL_POSTGRES,
    Fault.KILL_NODE,
    Fault.FREEZE_NODE,
    Fault.FREEZE_POSTGRES,
    Fault.KILL_PATRONI,
)


class Writer:
    """Commits numbered rows, one after the other, on whichever node leads."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._stopping = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.acknowledged: list[tuple[float, int]] = []
        self._ask("CREATE TABLE IF NOT EXISTS faults (number int)")
        self._thread.start()

    def stop(self) -> None:
        """Stop writing."""
        self._stopping.set()
        self._thread.join()

    def longest_pause(self, since: float) -> float:
        """Return the longest time between two acknowledgements, in seconds."""
        ends = [ended for ended, _ in self.acknowledged if ended > since - 1.0]
        return max(later - sooner for sooner, later in pairwise(ends))

    def lost(self) -> set[int]:
        """Return the numbers that were acknowledged and are missing."""
        there = {number for (number,) in self._ask("SELECT number FROM faults")}
        return {number for _, number in self.acknowledged} - there

    def _ask(self, statement: str) -> list[tuple[int]]:
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement)
                return cursor.fetchall() if cursor.description else []

    def _run(self) -> None:
        number = 0
        while not self._stopping.is_set():
            try:
                with closing(psycopg2.connect(self._url)) as connection:
                    connection.autocommit = True
                    while not self._stopping.wait(_EVERY_SECONDS):
                        number += 1
                        self._write(connection, number)
            except psycopg2.Error:
                self._stopping.wait(_EVERY_SECONDS)

    def _write(self, connection: psycopg2.extensions.connection, number: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO faults VALUES (%s)", [number])
        self.acknowledged.append((time.monotonic(), number))


def measure(cluster: Cluster, writer: Writer, fault: Fault) -> float:
    """Inflict a fault on the primary, heal it, and return how long writes paused."""
    control = Control.of(cluster.endpoints)
    primary = cluster.primary()
    if control is None or primary is None:
        raise LookupError("The cluster has no door, or nobody leads.")
    timestamp = time.monotonic()
    control.inflict(fault, primary.name, seconds=30)
    time.sleep(_AWAY_SECONDS)
    control.heal(fault, primary.name)
    cluster.wait_until_whole(60)
    time.sleep(_SETTLING_SECONDS)
    return writer.longest_pause(timestamp)


def main() -> bool:
    """Measure every fault several times, and print it; return whether all went well."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    medians: list[float] = []
    with tempfile.TemporaryDirectory(prefix="chartroom-faults-") as folder:
        cluster = embedded.start(Path(folder))
        try:
            cluster.wait_until_whole()
            writer = Writer(cluster.endpoints.owner_url or "")
            time.sleep(_SETTLING_SECONDS)
            for fault in _FAULTS:
                pauses = [measure(cluster, writer, fault) for _ in range(rounds)]
                medians.append(statistics.median(pauses))
                print(
                    f"{fault}: median {medians[-1]:.2f} s, "
                    f"worst {max(pauses):.2f} s of {rounds}",
                    " ".join(f"{pause:.2f}" for pause in sorted(pauses)),
                    flush=True,
                )
            writer.stop()
            lost = writer.lost()
            print(f"acknowledged {len(writer.acknowledged)}, lost {len(lost)}")
        finally:
            cluster.stop()
    return not lost and max(medians) <= _MOST_SECONDS


if __name__ == "__main__":
    sys.exit(not main())
