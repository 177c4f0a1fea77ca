"""Supervision: what dies is started again, and a dead primary is replaced at once."""

import logging
import math
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from db.cluster.fencing import Step, plan
from db.embedded.processes.child_processes import Program
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.postgres_nodes import Node
from db.embedded.supervision.node_monitor import NodeMonitor
from db.embedded.supervision.restart_backoff import RestartBackoff

_log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 2.0
_REPORT_SECONDS: Final = 60.0
_MOST_NODES: Final = 16
# The others elect a primary meanwhile, and a starting Python takes a whole processor.
_AFTER_FENCE_SECONDS: Final = 2.0


class Supervisor:
    """A thread that watches over the programs of a running cluster.

    `nodes` is called at every look, because nodes come and go; `probe_url` returns the
    URL of a node's PostgreSQL by the node's name; `is_held` returns whether a program,
    by name, has to stay dead for now; `look_after_folder` is called with each round of
    asking.
    """

    def __init__(
        self,
        etcd: Etcd,
        nodes: Callable[[], Sequence[Node]],
        others: Sequence[Program],
        *,
        probe_url: Callable[[str], str],
        is_held: Callable[[str], bool],
        look_after_folder: Callable[[], None] = lambda: None,
    ) -> None:
        self._etcd = etcd
        self._nodes = nodes
        self._others = others
        self._probe_url = probe_url
        self._is_held = is_held
        self._look_after_folder = look_after_folder
        self._backoffs = {program.name: RestartBackoff() for program in others}
        self._monitors: dict[str, NodeMonitor] = {}
        self._polled_at = 0.0
        self._reported_at: dict[tuple[type[Exception], str, int | None], float] = {}
        self._askers = ThreadPoolExecutor(_MOST_NODES, thread_name_prefix="ask")
        self._stopping = threading.Event()
        self._working = threading.Lock()
        self._is_resting = False
        self._thread = threading.Thread(
            target=self._watch, name="supervisor", daemon=True
        )

    def start(self) -> None:
        """Start watching the programs."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching the programs; return once none will be started again."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._askers.shutdown(wait=False)
        for monitor in self._monitors.values():
            monitor.leave()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave dead what dies in the block; nothing is started or fenced meanwhile."""
        with self._working:
            yield

    def rest(self) -> None:
        """Watch no program until `resume`."""
        with self._working:
            self._is_resting = True

    def resume(self) -> None:
        """Watch the programs again."""
        with self._working:
            self._is_resting = False

    @property
    def is_resting(self) -> bool:
        """Whether nothing is watched for now."""
        return self._is_resting

    def monitor(self, name: str) -> NodeMonitor | None:
        """Return what is remembered of a node; None before the first look at it."""
        return self._monitors.get(name)

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with self._working:
                if self._is_resting:
                    continue
                try:
                    self._look()
                except Exception as error:
                    # Whatever went wrong, no supervision is worse than another attempt.
                    self._report(error)

    def _report(self, error: Exception) -> None:
        """Log a failure; a lasting one is logged once a minute, to spare the disk."""
        at = traceback.extract_tb(error.__traceback__)[-1]
        failure, now = (type(error), at.filename, at.lineno), time.monotonic()
        if now - self._reported_at.get(failure, -math.inf) < _REPORT_SECONDS:
            return
        self._reported_at[failure] = now
        _log.error(
            "The supervisor had an unexpected error; it continues.", exc_info=error
        )

    def _look(self) -> None:
        for program in self._others:
            if not program.is_running and not self._is_held(program.name):
                self._backoffs[program.name].start_again(program)
        monitors = self._current_monitors()
        self._ask(monitors)
        for monitor in monitors:
            self._look_after(monitor)

    def _current_monitors(self) -> list[NodeMonitor]:
        """Return a monitor for each present node, and drop the others."""
        nodes = self._nodes()
        for name in self._monitors.keys() - {node.name for node in nodes}:
            self._monitors.pop(name).leave()
        for node in nodes:
            if node.name not in self._monitors:
                self._monitors[node.name] = NodeMonitor(
                    node, self._probe_url(node.name)
                )
        return [self._monitors[node.name] for node in nodes]

    def _ask(self, monitors: Sequence[NodeMonitor]) -> None:
        if time.monotonic() - self._polled_at < _ASK_SECONDS:
            return
        self._polled_at = time.monotonic()
        for monitor in monitors:
            # Each in a thread: one that hangs must not keep us from the others.
            self._askers.submit(monitor.ask)
        self._look_after_folder()

    def _look_after(self, monitor: NodeMonitor) -> None:
        step = plan(monitor.see(self._etcd, time.monotonic()))
        if step is Step.NOTHING:
            return
        if step is Step.FENCE and not self._fence(monitor):
            return
        if step is Step.RESTART:
            _log.warning("The Patroni of %s hangs; replacing it.", monitor.node.name)
            monitor.node.patroni.kill()
        if not self._is_held(monitor.node.name) and monitor.start_again():
            monitor.begin_anew()

    def _fence(self, monitor: NodeMonitor) -> bool:
        """Make certain that a node is dead and let another lead; True if it is."""
        if monitor.is_fenced:
            return True
        name = monitor.node.name
        # Read before the kill: if anything keeps us from dropping it until the node
        # lives and leads again, somebody else's help included, the key is then another
        # one.
        key = self._etcd.leadership()
        if not monitor.node.kill():
            _log.error(
                "%s cannot be killed: it keeps its role until it has ended.", name
            )
            return False
        led = key is not None and key.name == name and self._etcd.drop(key)
        if led:
            _log.warning(
                "%s was the primary and is dead: another server may lead.", name
            )
            monitor.backoff.wait(_AFTER_FENCE_SECONDS)
        # Without an answer it is unknown whether the key is gone: try again.
        monitor.note_fence(is_known=led or (key is not None and key.name != name))
        return True
