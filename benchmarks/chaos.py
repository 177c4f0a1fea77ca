"""Does its worst to the embedded cluster and its supervisor, many times over.

    python -m benchmarks.chaos [ROUNDS] [KIND ...]

Starts a cluster of its own, with a writer on every node. Prints a line per round, and
one per kind: the pauses, how many acknowledged writes are lost, and how many a former
primary acknowledged after another led (both have to be 0). On a busy machine a round of
the kills takes 5 to 20 seconds and one of the supervisor's 15 to 45: a hundred of each
kind up to nine hours, of the kills alone two. A round that breaks the cluster for good
is reported, and the next one gets a new cluster. Ends with an error if that happened,
or anything was lost.
"""

import statistics
import sys
import time
from dataclasses import dataclass, field
from typing import Final

from tests.db.embedded.breakable_cluster import BreakableClusters
from tests.db.embedded.chaos import KILLS, SUPERVISOR, Scenario
from tests.db.embedded.witness import Witness

_ROUNDS_PER_LAUNCHER: Final = 5


@dataclass(slots=True)
class Tally:
    """The results of all rounds of one kind."""

    pauses: list[float] = field(default_factory=list)
    acknowledged: int = 0
    lost: int = 0
    crossed: int = 0
    broken: int = 0

    @property
    def is_good(self) -> bool:
        """Whether nothing was lost, nobody else acknowledged, and all rounds ended."""
        return not (self.lost or self.crossed or self.broken)

    def __str__(self) -> str:
        waited = self.pauses or [0.0]
        return (
            f"{len(self.pauses)} rounds: "
            f"pause median {statistics.median(waited):.2f} s, "
            f"worst {max(waited):.2f} s; acknowledged {self.acknowledged:,}, "
            f"lost {self.lost}, by a second primary {self.crossed}, "
            f"not mended {self.broken}"
        )


def play(clusters: BreakableClusters, scenario: Scenario, tally: Tally) -> str:
    """Play a scenario once, add its result, and return that in words."""
    began = time.monotonic()
    cluster = clusters.whole()
    with Witness(cluster).watching() as witness:
        witness.await_writes(30)
        timestamp = time.monotonic()
        scenario(cluster, witness)
        cluster.wait_until_whole()
        witness.await_writes()
    pause = witness.pause_since(timestamp)
    lost, crossed = sum(witness.lost().values()), len(witness.crossed())
    tally.pauses.append(pause)
    tally.acknowledged += len(witness.acknowledged)
    tally.lost += lost
    tally.crossed += crossed
    return (
        f"pause {pause:.2f} s, lost {lost}, by a second primary {crossed}; "
        f"the round took {time.monotonic() - began:.0f} s"
    )


def play_all(
    clusters: BreakableClusters, kind: str, scenario: Scenario, rounds: int
) -> bool:
    """Play a scenario a number of times, and return whether it went well."""
    tally = Tally()
    for number in range(1, rounds + 1):
        try:
            if number % _ROUNDS_PER_LAUNCHER == 0:
                # A process that keeps dying is restarted after longer and longer
                # pauses: they would be most of the time, and are not what is tested
                # here.
                clusters.whole().relaunch()
            outcome = play(clusters, scenario, tally)
        # One round of hundreds must not end the others.
        except Exception as error:
            clusters.close()
            tally.broken += 1
            outcome = f"not mended: {type(error).__name__}: {error}"
        print(f"{kind:30} {number:4}  {outcome}", flush=True)
    print(f"{kind:30} {tally}", flush=True)
    return tally.is_good


def main() -> None:
    """Play the requested scenarios, or all."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    every = KILLS | SUPERVISOR
    if unknown := set(sys.argv[2:]) - set(every):
        sys.exit(f"There is no {unknown.pop()!r}, only {', '.join(every)}.")
    chosen = {kind: every[kind] for kind in sys.argv[2:]} or every
    clusters = BreakableClusters()
    try:
        went = [play_all(clusters, *scenario, rounds) for scenario in chosen.items()]
    finally:
        clusters.close()
    sys.exit(not all(went))


if __name__ == "__main__":
    main()
