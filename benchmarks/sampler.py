"""The cost of watching the servers: a share of a core, and the time of one round.

Run as `python -m benchmarks.sampler`; CHARTROOM_TEST_CLUSTER names a cluster to use. It
fails if either is above its limit. The worker's own connections are there anyway, so
they are measured first and subtracted.
"""

import sys
import time
from contextlib import closing
from statistics import median, quantiles
from threading import Event, Thread

from benchmarks.fresh import endpoints
from db.cluster.observing import Observer
from db.postgres import Database
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.monitor_writer import MonitorWriter
from jobs.cluster.sampling import Sampler
from services.cluster.alerts import Post

_SECONDS = 60.0
MOST_SHARE = 0.01
MOST_ROUND_SECONDS = 0.020


class _Timed(Sampler):
    """Records how long each round took."""

    def __init__(self, observer: Observer, ledger: Ledger) -> None:
        super().__init__(observer, ledger)
        self.rounds: list[float] = []

    def watch(self) -> None:
        """Look once, and time it."""
        began = time.perf_counter()
        super().watch()
        self.rounds.append(time.perf_counter() - began)


def main() -> tuple[float, float]:
    """Print the lines; return the share of a core and the median round in seconds."""
    with (
        endpoints() as fresh,
        closing(Database(fresh)) as database,
        closing(Observer(fresh)) as observer,
    ):
        database.nodes()
        idle = _share_of_a_core(_SECONDS / 2)
        ledger, stopping = Ledger(), Event()
        sampler, keeper = (
            _Timed(observer, ledger),
            MonitorWriter(database, ledger, Post()),
        )
        threads = [
            Thread(target=run, args=[stopping]) for run in (sampler.run, keeper.run)
        ]
        for thread in threads:
            thread.start()
        # A worker that takes over reads the rules once, which is not part of the steady
        # cost.
        time.sleep(3)
        sampler.rounds.clear()
        share = _share_of_a_core(_SECONDS) - idle
        stopping.set()
        for thread in threads:
            thread.join()
    usual, worst = median(sampler.rounds), quantiles(sampler.rounds, n=20)[-1]
    print(f"sampler: {share:.2%} of a core (at most {MOST_SHARE:.0%})", flush=True)
    counted = f"round of {len(fresh.replica_urls)} servers"
    print(
        f"{counted}: {usual * 1000:.1f} ms, 95 % under {worst * 1000:.1f} ms "
        f"(at most {MOST_ROUND_SECONDS * 1000:.0f} ms)",
        flush=True,
    )
    return share, usual


def _share_of_a_core(seconds: float) -> float:
    began = time.process_time()
    time.sleep(seconds)
    return (time.process_time() - began) / seconds


if __name__ == "__main__":
    share, round_seconds = main()
    sys.exit(share > MOST_SHARE or round_seconds > MOST_ROUND_SECONDS)
