"""A launcher, or a supervisor alone, in a process of its own that tests may kill.

    python -m tests.db.embedded.launching launch|supervise DATA

Prints "up" once it works. `die` and `freeze` on its input set a trap: a signal to the
process itself, sent when a node is certainly dead and still holds the leader key. If
the process survives that, it prints "dropped" or "kept" for the key. It ends cleanly
when its input does.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from db import embedded
from db.embedded.servers.etcd import Etcd, LeaderKey
from db.embedded.supervision.supervisor import Supervisor
from tests.db.embedded.attaching import attached

_TRAPS = {"die": signal.SIGKILL, "freeze": signal.SIGSTOP}


def say(word: str) -> None:
    """Print a word for the process that started this one."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def set_trap(strike: signal.Signals) -> None:
    """Make the next drop of the leader key begin with this signal to this process."""
    drop = Etcd.drop

    def dropped(etcd: Etcd, seen: LeaderKey) -> bool:
        Etcd.drop = drop
        os.kill(os.getpid(), strike)
        # Another thread may receive the signal first.
        time.sleep(0.1)
        is_dropped = drop(etcd, seen)
        say("dropped" if is_dropped else "kept")
        return is_dropped

    Etcd.drop = dropped


@contextmanager
def launched(data: Path) -> Iterator[None]:
    """Run the whole cluster, as the launcher does."""
    with ExitStack() as held:
        embedded.start_within(held, data, report=lambda _stage, _seconds: None)
        yield


@contextmanager
def supervised(data: Path) -> Iterator[None]:
    """Run one more supervisor of nodes that another process has started."""
    seen = attached(data)
    supervisor = Supervisor(
        seen.etcd,
        lambda: seen.nodes,
        (),
        probe_url=lambda name: seen.addresses.node_url(name, "chartroom", "postgres"),
        is_held=lambda _: False,
    )
    supervisor.start()
    try:
        yield
    finally:
        supervisor.stop()


def main() -> None:
    """Do what the command line says until the input ends."""
    logging.basicConfig(format=f"%(asctime)s {sys.argv[1]}: %(message)s")
    role = {"launch": launched, "supervise": supervised}[sys.argv[1]]
    with role(Path(sys.argv[2])):
        say("up")
        for line in sys.stdin:
            set_trap(_TRAPS[line.strip()])
            say("set")


if __name__ == "__main__":
    main()
