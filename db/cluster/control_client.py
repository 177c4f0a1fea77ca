"""Asks the launcher of the embedded cluster for what only it can do.

The launcher owns the processes, so adding a node, freezing one or running a drill goes
through its control server on 127.0.0.1. Other processes of the same person find its
address and key in the published endpoints. Calls may be made from any thread.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from db import json_http
from db.cluster.fault_kinds import Fault
from db.endpoints import Endpoints
from db.json_http import JsonAnswer

ANSWER_SECONDS: Final = 5.0
# Killing processes for certain, or starting a few, takes a busy machine a while.
_ACTION_SECONDS: Final = 30.0
# So does stopping a node cleanly, and having its slot dropped.
_REMOVAL_SECONDS: Final = 90.0
DEFAULT_FAULT_SECONDS: Final = 120.0


class ControlRefused(Exception):
    """The launcher will not do it; the message says why."""


class ControlUnreachable(Exception):
    """No launcher answers: it has ended, or hangs."""


@dataclass(frozen=True, slots=True)
class NodeReport:
    """A node of the embedded cluster as its launcher sees it.

    `state` is Patroni's word ("running", "streaming", "creating replica", ...), or
    "stopped", or "not answering". While KILL_NODE is among its faults it is not started
    again until the fault is healed.
    """

    name: str
    port: int
    api_port: int
    role: str | None
    state: str
    patroni_runs: bool
    postgres_runs: bool
    delayed_seconds: int | None
    faults: tuple[Fault, ...]
    fences: int
    fenced_at: datetime | None
    replay_paused_until: datetime | None


@dataclass(frozen=True, slots=True)
class ClusterReport:
    """The nodes, whether they are supervised, and the faults that nodes share."""

    nodes: tuple[NodeReport, ...]
    supervised: bool
    faults: tuple[Fault, ...]

    def node(self, name: str) -> NodeReport | None:
        """Return a node by its name."""
        return next((node for node in self.nodes if node.name == name), None)


@dataclass(frozen=True, slots=True)
class DrillProgress:
    """What a drill has printed so far, and its exit code once it has ended."""

    lines: tuple[str, ...]
    exit_code: int | None

    @property
    def is_running(self) -> bool:
        """Whether the drill is still running."""
        return self.exit_code is None


class Control:
    """A client of the launcher's control server.

    Every call raises ControlUnreachable if nobody answers, and ControlRefused with a
    sentence if the launcher will not do it.
    """

    def __init__(self, url: str, key: str) -> None:
        self._url = url
        self._key = key

    @classmethod
    def of(cls, endpoints: Endpoints) -> Self | None:
        """Return the client of these endpoints; None if nothing is embedded."""
        if endpoints.control_url is None:
            return None
        return cls(endpoints.control_url, endpoints.control_key)

    def nodes(self) -> tuple[NodeReport, ...]:
        """Return the nodes, including those that are being copied."""
        return self.report().nodes

    def report(self) -> ClusterReport:
        """Return everything that the launcher knows about its cluster."""
        answer = self._call("report")
        return ClusterReport(
            tuple(_node(given) for given in answer["nodes"]),
            answer["supervised"],
            tuple(Fault(name) for name in answer["faults"]),
        )

    def add_replica(self, delayed_seconds: int | None = None) -> str:
        """Begin to make another replica and return its name; `nodes` shows progress.

        With `delayed_seconds` it is a delayed standby: it replays that much later, and
        is never promoted, waited for, or read from in the ordinary way.
        """
        name: str = self._call(
            "add_replica", _ACTION_SECONDS, delayed_seconds=delayed_seconds
        )
        return name

    def remove_replica(self, name: str) -> None:
        """Stop a replica and remove its data, slot and membership.

        Refused for the primary, and if too few would remain to lose one more.
        """
        self._call("remove_replica", _REMOVAL_SECONDS, name=name)

    def inflict(
        self,
        fault: Fault,
        node: str | None = None,
        *,
        seconds: float = DEFAULT_FAULT_SECONDS,
    ) -> None:
        """Inflict a fault; a lasting one is healed after this many seconds at most."""
        self._call("inflict", _ACTION_SECONDS, fault=fault, node=node, seconds=seconds)

    def heal(self, fault: Fault, node: str | None = None) -> None:
        """Undo a lasting fault; what is not broken stays as it is."""
        self._call("heal", _ACTION_SECONDS, fault=fault, node=node)

    def evidence(self, fault: Fault, node: str) -> str | None:
        """Return a sentence of evidence that a fault has taken effect.

        None until there is any: the disk is not full yet, or the server still answers.
        """
        sentence: str | None = self._call("evidence", fault=fault, node=node)
        return sentence

    def pause_replay(self, node: str, seconds: float) -> datetime:
        """Let a replica receive without replaying; return when that ends by itself.

        Calling it again during a pause extends the pause from now on. It takes about
        two seconds to begin. A restart of the launcher ends it early.
        """
        until = self._call("pause_replay", _ACTION_SECONDS, node=node, seconds=seconds)
        return datetime.fromisoformat(until)

    def resume_replay(self, node: str) -> None:
        """End a pause before its time."""
        self._call("resume_replay", node=node)

    def supervised(self, on: bool, *, seconds: float = DEFAULT_FAULT_SECONDS) -> None:
        """Turn the supervisor on or off; while it is off, what dies stays dead.

        After this many seconds it is on again, even if nobody has turned it on.
        """
        self._call("supervised", _ACTION_SECONDS, on=on, seconds=seconds)

    def start_drill(self, kind: str, drill_id: UUID) -> None:
        """Run a drill as a child of the launcher; refused while another one runs."""
        self._call("start_drill", kind=kind, drill_id=str(drill_id))

    def drill(self, drill_id: UUID) -> DrillProgress | None:
        """Return a drill's progress; None if this launcher has not started it."""
        answer = self._call("drill", drill_id=str(drill_id))
        if answer is None:
            return None
        return DrillProgress(tuple(answer["lines"]), answer["exit_code"])

    def _call(
        self, command: str, timeout_seconds: float = ANSWER_SECONDS, **given: object
    ) -> Any:
        answer = json_http.ask(
            "POST",
            f"{self._url}/{command}",
            body=given,
            # httpx sends no header value that ends in a space, as one without a key
            # would.
            headers={"Authorization": f"Bearer {self._key}".rstrip()},
            timeout_seconds=timeout_seconds,
        )
        if answer is None:
            raise ControlUnreachable("The launcher of the databases does not answer.")
        if not answer.is_ok:
            raise ControlRefused(_reason(answer))
        return answer.body["answer"]


def _reason(answer: JsonAnswer) -> str:
    if isinstance(answer.body, dict) and "refused" in answer.body:
        return str(answer.body["refused"])
    return f"The launcher refused with status {answer.status}."


def _node(given: dict[str, Any]) -> NodeReport:
    return NodeReport(
        **given
        | {
            "faults": tuple(Fault(name) for name in given["faults"]),
            "fenced_at": _time(given["fenced_at"]),
            "replay_paused_until": _time(given["replay_paused_until"]),
        }
    )


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
