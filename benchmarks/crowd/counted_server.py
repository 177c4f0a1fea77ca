"""The web server as it is, which also counts its messages to PostgreSQL.

One message with its answer is a round trip, whatever the message consists of: a
transaction's first commands travel with its first statement. `/metrics` has the count,
with the pages' queries separate from the server's own.
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
_counter = Counter(ROUND_TRIPS, "Number of messages sent to PostgreSQL.", ["of"])


def main() -> None:
    """Serve until SIGTERM."""
    for part, name in (
        (BatchedCursor, "execute"),
        (BatchedCursor, "executemany"),
        (BatchedCursor, "copy_expert"),
        (BatchedConnection, "say"),
    ):
        setattr(part, name, _counted(getattr(part, name)))
    # With the real command, which also sets how often Python collects garbage.
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
