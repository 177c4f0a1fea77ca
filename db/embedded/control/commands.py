"""The commands of the launcher's control server, as its control client sends them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from db.cluster.control_client import ClusterReport, ControlRefused, NodeReport
from db.cluster.fault_kinds import Fault
from db.embedded.control.drill_processes import Drills
from db.embedded.deadlines import Deadlines
from db.embedded.faults.breakage import Breakage
from db.embedded.faults.replay_pauses import Pauses
from db.embedded.servers.fleet import Fleet
from db.embedded.servers.postgres_nodes import Node
from db.embedded.supervision.supervisor import Supervisor

_SUPERVISION = "supervision"


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of one cluster; each raises ControlRefused with a sentence."""

    fleet: Fleet
    supervisor: Supervisor
    breakage: Breakage
    pauses: Pauses
    drills: Drills
    deadlines: Deadlines

    def by_name(self) -> dict[str, Callable[..., object]]:
        """Return every command by the name under which it is requested."""
        return {
            "report": self.report,
            "add_replica": self.add_replica,
            "remove_replica": self.remove_replica,
            "inflict": self.inflict,
            "heal": self.heal,
            "evidence": self.evidence,
            "pause_replay": self.pause_replay,
            "resume_replay": self.resume_replay,
            "supervised": self.supervised,
            "start_drill": self.start_drill,
            "drill": self.drill,
        }

    def report(self) -> dict[str, Any]:
        """Return a report on the cluster."""
        nodes = self.fleet.nodes
        members = _members_of_patroni(nodes)
        report = ClusterReport(
            tuple(self._report_of(node, members) for node in nodes),
            not self.supervisor.is_resting,
            self.breakage.of(None),
        )
        return _plain(asdict(report))

    def add_replica(self, delayed_seconds: int | None = None) -> str:
        """Add a node."""
        return self.fleet.add(delayed_seconds).name

    def remove_replica(self, name: str) -> None:
        """Remove a node, even if it is broken or paused."""
        self.pauses.resume(self.fleet.node(name).name)
        for fault in self.breakage.of(name):
            self.breakage.heal(fault, name)
        self.fleet.remove(name)

    def inflict(self, fault: str, node: str | None, seconds: float) -> None:
        """Inflict a fault."""
        self.breakage.inflict(_fault(fault), node, seconds)

    def heal(self, fault: str, node: str | None) -> None:
        """Undo a fault."""
        self.breakage.heal(_fault(fault), node)

    def evidence(self, fault: str, node: str) -> str | None:
        """Return evidence that a fault has taken effect; None without any."""
        return self.breakage.evidence(_fault(fault), node)

    def pause_replay(self, node: str, seconds: float) -> str:
        """Pause the replay of a node, and return until when."""
        return self.pauses.pause(self.fleet.node(node), seconds).isoformat()

    def resume_replay(self, node: str) -> None:
        """End the pause of a node."""
        self.pauses.resume(self.fleet.node(node).name)

    def supervised(self, on: bool, seconds: float) -> None:
        """Turn the supervisor on, or off for a while."""
        if on:
            self.deadlines.undo(_SUPERVISION)
        else:
            # It waits for the round that is under way: the other way around, its time
            # could be over before it rests, and it would never work again.
            self.supervisor.rest()
            self.deadlines.put(_SUPERVISION, seconds, self.supervisor.resume)

    def start_drill(self, kind: str, drill_id: str) -> None:
        """Start a drill."""
        self.drills.start(kind, drill_id)

    def drill(self, drill_id: str) -> dict[str, Any] | None:
        """Return a drill's progress."""
        progress = self.drills.progress(drill_id)
        return None if progress is None else asdict(progress)

    def _report_of(self, node: Node, members: dict[str, Any]) -> NodeReport:
        monitor = self.supervisor.monitor(node.name)
        own = members.get(node.name, {})
        runs = node.patroni.is_running
        state = own.get("state", "not answering") if runs else "stopped"
        leads = own.get("role") == "leader"
        return NodeReport(
            node.name,
            node.port,
            node.api_port,
            ("primary" if leads else "replica") if runs and own else None,
            state,
            runs,
            node.postmaster() is not None,
            node.delayed_seconds,
            self.breakage.of(node.name),
            monitor.fences if monitor else 0,
            monitor.fenced_at if monitor else None,
            self.pauses.until(node.name),
        )


def _fault(name: str) -> Fault:
    try:
        return Fault(name)
    except ValueError:
        raise ControlRefused("There is no such fault.") from None


def _members_of_patroni(nodes: tuple[Node, ...]) -> dict[str, Any]:
    """Return what the first node that answers reports of every member, by name."""
    for node in nodes:
        members = node.report("/cluster", timeout_seconds=1.0).get("members")
        if members is not None:
            return {member["name"]: member for member in members}
    return {}


def _plain(report: dict[str, Any]) -> dict[str, Any]:
    """Return the report with its times as text, for JSON."""
    for node in report["nodes"]:
        for name in ("fenced_at", "replay_paused_until"):
            node[name] = node[name].isoformat() if node[name] else None
    return report
