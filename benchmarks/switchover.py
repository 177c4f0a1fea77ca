"""How long writers wait for a planned switchover, compared with Patroni as it is.

    python -m benchmarks.switchover [ROUNDS]

Starts two clusters of its own; the nodes of one are managed by our variant of Patroni,
those of the other by Patroni's own program. A writer on each commits fifty times a
second; the longest time between two acknowledgements is measured. In the end every
acknowledged row is looked for. It fails if writers wait too long for ours.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final
from unittest.mock import patch

import patroni.__main__

from benchmarks.faults import Writer
from db import embedded
from db.embedded import Cluster
from db.embedded.processes import programs

_SETTLING_SECONDS: Final = 4.0
_REFUSED_SECONDS: Final = 0.5
_MOST_SECONDS: Final = 3.0
_STOCK: Final = Path(patroni.__main__.__file__)
_OURS: Final = programs._PATRONI


@contextmanager
def _running(program: Path) -> Iterator[Cluster]:
    """Run a cluster whose nodes this Patroni manages, also after a restart."""
    with (
        tempfile.TemporaryDirectory(prefix="chartroom-switchover-") as folder,
        patch.object(programs, "_PATRONI", program),
    ):
        cluster = embedded.start(Path(folder))
        try:
            cluster.wait_until_whole()
            yield cluster
        finally:
            cluster.stop()


def measure(cluster: Cluster, writer: Writer) -> float:
    """Switch over, and return how long writers waited, in seconds."""
    candidate = next(node for node in cluster.nodes if node.is_replica)
    timestamp = time.monotonic()
    while not candidate.is_primary:
        # Patroni refuses a replica that has only just joined the quorum, and the
        # primary.
        with suppress(RuntimeError):
            cluster.switch_over(candidate.name)
        time.sleep(_REFUSED_SECONDS)
    cluster.wait_until_whole(60)
    time.sleep(_SETTLING_SECONDS)
    return writer.longest_pause(timestamp)


def main() -> float:
    """Print the line, and return how many seconds writers wait for ours."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with ExitStack() as stack:
        clusters = [
            stack.enter_context(_running(program)) for program in (_OURS, _STOCK)
        ]
        writers = [Writer(cluster.endpoints.owner_url or "") for cluster in clusters]
        time.sleep(_SETTLING_SECONDS)
        turns = list(zip(clusters, writers, strict=True))
        pauses = [[measure(*turn) for turn in turns] for _ in range(rounds)]
        for writer in writers:
            writer.stop()
        if any(writer.lost() for writer in writers):
            raise RuntimeError("An acknowledged row is lost.")
    ours, peer = (statistics.median(each) for each in zip(*pauses, strict=True))
    print(
        f"planned switchover, writers wait: ours {ours:.2f} s, peer {peer:.2f} s, "
        f"ratio {ours / peer:.2f}"
    )
    return ours


if __name__ == "__main__":
    sys.exit(main() > _MOST_SECONDS)
