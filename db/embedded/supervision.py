"""Supervision: what dies is started again, and a dead primary is replaced at once."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from db.embedded.etcd import Etcd
from db.embedded.nodes import Node
from db.embedded.processes import Program

_log = logging.getLogger(__name__)

_LOOK_SECONDS: Final = 0.2
_ASK_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 1.0
# Ten seconds of silence is a hung process: a busy machine delays an answer by a second
# or two, and a mistake costs a pause, never data. Patroni itself would wait for 20.
_HUNG_AFTER_QUESTIONS: Final = 5
# A minute more for the first answer: a busy machine takes its time to start Python.
_QUESTIONS_AT_START: Final = 30
_FIRST_PAUSE_SECONDS: Final = 0.5
_LONGEST_PAUSE_SECONDS: Final = 30.0
_HEALTHY_SECONDS: Final = 60.0


class Step(Enum):
    """What to do about a node."""

    NOTHING = auto()
    START = auto()
    FENCE = auto()


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen of a node."""

    patroni_runs: bool
    postgres_runs: bool
    unanswered: int = 0
    failures: int = 0


def plan(seen: Sight) -> Step:
    """Decide what to do about a node.

    A dead Patroni over a live PostgreSQL is simply started again: it takes over what
    it finds, and nobody notices. If that does not help, or PostgreSQL is gone too, or
    Patroni hangs, the node is fenced: made certain to be dead, so that another may
    lead. Doing less would risk two primaries, waiting longer costs twenty seconds.
    """
    if seen.patroni_runs:
        hangs = seen.unanswered >= _HUNG_AFTER_QUESTIONS
        return Step.FENCE if hangs else Step.NOTHING
    if seen.postgres_runs and not seen.failures:
        return Step.START
    return Step.FENCE


@dataclass(slots=True)
class Patience:
    """How long to wait before a program that keeps ending is started again."""

    failures: int = 0
    started_at: float = 0.0
    next_at: float = 0.0

    def ended(self, now: float) -> None:
        """Note that it has ended; the first time in a while costs no wait."""
        self.failures = (
            self.failures + 1 if now - self.started_at < _HEALTHY_SECONDS else 0
        )
        pause = (
            _FIRST_PAUSE_SECONDS * 2 ** (self.failures - 1) if self.failures else 0.0
        )
        self.next_at = now + min(pause, _LONGEST_PAUSE_SECONDS)

    def started(self, now: float) -> None:
        """Note that it has been started."""
        self.started_at = now


class Supervisor:
    """A thread that looks after the programs of a running cluster."""

    def __init__(
        self, etcd: Etcd, nodes: Sequence[Node], others: Sequence[Program]
    ) -> None:
        self._etcd = etcd
        self._nodes = nodes
        self._others = others
        self._patience = {
            program.name: Patience()
            for program in (*others, *(node.patroni for node in nodes))
        }
        self._ended: set[str] = set()
        self._unanswered = {node.name: -_QUESTIONS_AT_START for node in nodes}
        self._asked_at = 0.0
        self._stopping = threading.Event()
        self._working = threading.Lock()
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

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave dead what dies meanwhile: for tests of a loss that lasts."""
        with self._working:
            yield

    def _watch(self) -> None:
        while not self._stopping.wait(_LOOK_SECONDS):
            with self._working:
                try:
                    self._look()
                except Exception:
                    # Whatever went wrong, unsupervised is worse than once more.
                    _log.exception("The supervisor stumbled; it goes on.")

    def _look(self) -> None:
        for program in self._others:
            if not program.is_running:
                self._start_again(program)
        self._ask()
        for node in self._nodes:
            self._look_after(node)

    def _ask(self) -> None:
        if time.monotonic() - self._asked_at < _ASK_SECONDS:
            return
        self._asked_at = time.monotonic()
        for node in self._nodes:
            # Any answer shows that it lives; what it says is Patroni's own business.
            if node.ask("/liveness", timeout_seconds=_ANSWER_SECONDS):
                self._unanswered[node.name] = 0
            else:
                self._unanswered[node.name] += 1

    def _look_after(self, node: Node) -> None:
        runs = node.patroni.is_running
        seen = Sight(
            patroni_runs=runs,
            postgres_runs=runs or node.postmaster() is not None,
            unanswered=self._unanswered[node.name],
            failures=self._patience[node.name].failures,
        )
        step = plan(seen)
        if step is Step.NOTHING or (step is Step.FENCE and not self._fence(node)):
            return
        self._unanswered[node.name] = -_QUESTIONS_AT_START
        self._start_again(node.patroni)

    def _fence(self, node: Node) -> bool:
        if not node.kill():
            _log.error("%s does not die: it keeps its role until it does.", node.name)
            return False
        if self._etcd.drop_leader(node.name):
            _log.warning("%s is dead and was the primary: another may lead.", node.name)
        return True

    def _start_again(self, program: Program) -> None:
        patience, now = self._patience[program.name], time.monotonic()
        if program.name not in self._ended:
            self._ended.add(program.name)
            patience.ended(now)
            _log.warning("%s has ended; it is started again.", program.name)
        if now >= patience.next_at:
            self._ended.discard(program.name)
            program.start()
            patience.started(now)
