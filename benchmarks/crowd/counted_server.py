"""The web server as it is, which also counts what it says to PostgreSQL.

One message that waits for its answer is a round trip, whatever it is made of: a
transaction's first words travel with its first statement. `/metrics` tells the count,
what pages asked apart from what the server asks by itself.
"""

import runpy
import sys
from collections.abc import Callable
from threading import current_thread
from typing import Any, Final

from prometheus_client import Counter

from db.postgres.connections.batching import BatchedConnection, BatchedCursor

ROUND_TRIPS: Final = "benchmark_round_trips"
_PAGES: Final = "ScriptRunner"
_counter = Counter(ROUND_TRIPS, "Messages to PostgreSQL.", ["of"])


def main() -> None:
    """Serve until SIGTERM."""
    for part, name in (
        (BatchedCursor, "execute"),
        (BatchedCursor, "executemany"),
        (BatchedCursor, "copy_expert"),
        (BatchedConnection, "say"),
    ):
        setattr(part, name, _counted(getattr(part, name)))
    # By the very command: it also says how often Python looks for garbage.
    sys.argv = ["dashboard", "web"]
    runpy.run_module("dashboard", run_name="__main__")


def _counted(send: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*args: Any, **options: Any) -> Any:
        is_page = current_thread().name.startswith(_PAGES)
        _counter.labels("page" if is_page else "other").inc()
        return send(*args, **options)

    return counted


if __name__ == "__main__":
    main()
