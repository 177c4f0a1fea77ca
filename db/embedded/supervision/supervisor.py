"""Supervision: what dies is started again, and a dead primary is replaced at once."""

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

from db.embedded.processes.child_processes import Program
from db.embedded.servers.etcd import Etcd
from db.embedded.servers.postgres_nodes import Node
from db.embedded.supervision.node_monitor import NodeMonitor
from db.embedded.supervision.policy import RestartBackoff, Step, plan

_log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.1
_ASK_SECONDS: Final = 2.0
_MOST_NODES: Final = 16
# The others elect a primary meanwhile, and a starting Python takes a whole processor.
_AFTER_FENCE_SECONDS: Final = 2.0


class Supervisor:
    """A thread that looks after the programs of a running cluster.

    `nodes` is asked at every look, for nodes come and go; `pulse_url` leads to a
    node's PostgreSQL by the node's name; `is_held` tells of a program, by name, that
    it is to stay dead for now.
    """

    def __init__(
        self,
        etcd: Etcd,
        nodes: Callable[[], Sequence[Node]],
        others: Sequence[Program],
        *,
        pulse_url: Callable[[str], str],
        is_held: Callable[[str], bool],
    ) -> None:
        self._etcd = etcd
        self._nodes = nodes
        self._others = others
        self._pulse_url = pulse_url
        self._is_held = is_held
        self._patience = {program.name: RestartBackoff() for program in others}
        self._wards: dict[str, NodeMonitor] = {}
        self._asked_at = 0.0
        self._askers = ThreadPoolExecutor(_MOST_NODES, thread_name_prefix="ask")
        self._stopping = threading.Event()
        self._working = threading.Lock()
        self._is_resting = False
        self._thread = threading.Thread(
            target=self._watch, name="supervisor", daemon=True
        )

    def start(self) -> None:
        """Begin to look after the programs."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking after them; returns when nothing will be started any more."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._askers.shutdown(wait=False)
        for ward in self._wards.values():
            ward.leave()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave dead what dies meanwhile; nothing is started or fenced in the block."""
        with self._working:
            yield

    def rest(self) -> None:
        """Look no more until `resume`."""
        with self._working:
            self._is_resting = True

    def resume(self) -> None:
        """Look again."""
        with self._working:
            self._is_resting = False

    @property
    def is_resting(self) -> bool:
        """Whether nobody looks for now."""
        return self._is_resting

    def ward(self, name: str) -> NodeMonitor | None:
        """Return what is remembered of a node; None before the first look at it."""
        return self._wards.get(name)

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with self._working:
                if self._is_resting:
                    continue
                try:
                    self._look()
                except Exception:
                    # Whatever went wrong, unsupervised is worse than once more.
                    _log.exception("The supervisor stumbled; it goes on.")

    def _look(self) -> None:
        for program in self._others:
            if not program.is_running and not self._is_held(program.name):
                self._patience[program.name].start_again(program)
        wards = self._current_wards()
        self._ask(wards)
        for ward in wards:
            self._look_after(ward)

    def _current_wards(self) -> list[NodeMonitor]:
        """Return a ward for each node that there is now, and forget the others."""
        nodes = self._nodes()
        for name in self._wards.keys() - {node.name for node in nodes}:
            self._wards.pop(name).leave()
        for node in nodes:
            if node.name not in self._wards:
                self._wards[node.name] = NodeMonitor(node, self._pulse_url(node.name))
        return [self._wards[node.name] for node in nodes]

    def _ask(self, wards: Sequence[NodeMonitor]) -> None:
        if time.monotonic() - self._asked_at < _ASK_SECONDS:
            return
        self._asked_at = time.monotonic()
        for ward in wards:
            # Each in a thread: one that hangs must not keep us from the others.
            self._askers.submit(ward.ask)

    def _look_after(self, ward: NodeMonitor) -> None:
        step = plan(ward.see(self._etcd, time.monotonic()))
        if step is Step.NOTHING:
            return
        if step is Step.FENCE and not self._fence(ward):
            return
        if step is Step.RESTART:
            _log.warning("The Patroni of %s hangs; it is replaced.", ward.node.name)
            ward.node.patroni.kill()
        if not self._is_held(ward.node.name) and ward.start_again():
            ward.begin_anew()

    def _fence(self, ward: NodeMonitor) -> bool:
        """Make certain that a node is dead and let another lead; tell whether it is."""
        if ward.is_fenced:
            return True
        name = ward.node.name
        # Seen before the kill: whatever keeps us from dropping it until the node lives
        # and leads again, somebody else's help included, this key is then not that one.
        key = self._etcd.leadership()
        if not ward.node.kill():
            _log.error("%s does not die: it keeps its role until it does.", name)
            return False
        led = key is not None and key.name == name and self._etcd.drop(key)
        if led:
            _log.warning("%s is dead and was the primary: another may lead.", name)
            ward.patience.wait(_AFTER_FENCE_SECONDS)
        # Without an answer nobody knows whether the key is gone: try again.
        ward.note_fence(is_known=led or (key is not None and key.name != name))
        return True
