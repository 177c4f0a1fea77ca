"""A running drill: the servers, the people who work on them, and what was recorded."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Final, TypeVar

from db.cluster.control_client import Control, ControlRefused, ControlUnreachable
from db.cluster.fault_kinds import Fault
from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
from jobs.cluster.practice.drill_report import DrillTimeline
from jobs.cluster.practice.drill_users import Users
from services.cluster.drill_kinds import DrillKind

T = TypeVar("T")
_LOOK_SECONDS: Final = 0.1
_LONGEST_SECONDS: Final = 120.0
_EVIDENCE_SECONDS: Final = 10.0


class CannotDrill(Exception):
    """The disaster cannot be practised here; the message says why."""


class WentWrong(Exception):
    """The drill did not finish; the message says how far it got."""


@dataclass(slots=True)
class DrillRun:
    """One drill. `broken_at` is when it broke (monotonic), `node` which server did.

    `former_timeline` is the one on which writes were acknowledged until then.
    `note_server` records a server's name before anything is done to it.
    """

    kind: DrillKind
    control: Control | None
    patroni: Patroni
    users: Users
    timeline: DrillTimeline
    note_server: Callable[[str], None]
    node: str = ""
    broken_at: float = 0.0
    former_timeline: int = 0
    phases: dict[str, float] = field(default_factory=dict)
    facts: list[str] = field(default_factory=list)
    evidence: str | None = None

    @property
    def launcher_control(self) -> Control:
        """The launcher's control server; raises CannotDrill if there is none."""
        if self.control is None:
            raise CannotDrill(
                "Chartroom did not start these servers, so it cannot break anything "
                "on them. Only a switchover can be practised here."
            )
        return self.control

    def tell(self, sentence: str) -> None:
        """Report the next step."""
        self.timeline.tell(sentence)

    def choose(self, node: str) -> None:
        """Practise on this server, once it is recorded."""
        self.note_server(node)
        self.node = node

    def primary(self) -> str:
        """Return the primary; raises WentWrong if there is none."""
        with suppress(PatroniSilent, PatroniRefused):
            if leader := self.patroni.cluster().leader:
                return leader.name
        raise WentWrong("Nobody leads, so there is nothing to practise on.")

    def replica(self) -> str:
        """Return a server that could take over; raises WentWrong if there is none."""
        for member in self.patroni.cluster().members:
            if member.is_streaming and member.may_lead and not member.is_leading:
                return member.name
        raise WentWrong("No replica follows, so there is nobody to take over.")

    @contextmanager
    def broken(
        self,
        fault: Fault,
        node: str | None = None,
        *,
        seconds: float = _LONGEST_SECONDS,
    ) -> Iterator[None]:
        """Inflict a fault, and heal it when the block ends, however it does.

        The launcher heals it after a number of seconds if the drill has died.
        """
        self.broken_at = monotonic()
        self.former_timeline = self.users.timeline() or 0
        try:
            self.launcher_control.inflict(fault, node, seconds=seconds)
            yield
        except (ControlRefused, ControlUnreachable) as refused:
            raise CannotDrill(str(refused)) from refused
        finally:
            with suppress(ControlRefused, ControlUnreachable):
                self.launcher_control.heal(fault, node)

    def await_writes(self, what: str, *, since: float | None = None) -> None:
        """Wait until somebody has written again after it broke."""
        timestamp = self.broken_at if since is None else since
        self.wait(lambda: self.users.has_written_since(timestamp), what)

    def await_other_primary(self) -> None:
        """Wait until writes are acknowledged on a newer timeline than when it broke.

        They may be by the time the launcher has answered that it is broken.
        """
        self.wait(
            lambda: (self.users.timeline() or 0) > self.former_timeline,
            "another server takes writes",
        )
        self.tell(f"{self.primary()} takes writes")

    def await_evidence(self, fault: Fault) -> None:
        """Record the evidence that a fault had its effect, if there soon is any."""
        deadline = monotonic() + _EVIDENCE_SECONDS
        while self.evidence is None and monotonic() < deadline:
            with suppress(ControlRefused, ControlUnreachable):
                self.evidence = self.launcher_control.evidence(fault, self.node)
            sleep(_LOOK_SECONDS)
        self.tell(self.evidence or "There is no sign that it happened")

    def await_whole(self) -> None:
        """Wait until one server leads and all others stream."""
        began = monotonic()
        self.wait(self.is_whole, "all servers are back", seconds=_LONGEST_SECONDS)
        self.phases["all servers back"] = round(monotonic() - began, 1)

    def is_whole(self) -> bool:
        """Return whether one server leads and all others stream from it."""
        try:
            cluster = self.patroni.cluster()
        except (PatroniSilent, PatroniRefused):
            return False
        return (
            cluster.leader is not None
            and len(cluster.members) >= len(self.patroni.names)
            and all(
                member.is_streaming or member.is_leading for member in cluster.members
            )
        )

    def is_streaming(self, name: str) -> bool:
        """Return whether a replica receives the log as it is written."""
        try:
            member = self.patroni.cluster().member(name)
        except (PatroniSilent, PatroniRefused):
            return False
        return member is not None and member.is_streaming

    def begun_at(self, name: str) -> str | None:
        """Return when a server's PostgreSQL was started; None while it does not run."""
        with suppress(PatroniSilent):
            began = self.patroni.state_of(name).get("postmaster_start_time")
            return str(began) if began else None
        return None

    def wait(
        self, look: Callable[[], T | None], what: str, *, seconds: float = 60.0
    ) -> T:
        """Return what `look` sees once it is true; raises WentWrong if it never is."""
        self.tell(f"Waiting until {what}")
        deadline = monotonic() + seconds
        while not (seen := look()):
            if monotonic() > deadline:
                raise WentWrong(f"This did not happen within {seconds:g} s: {what}.")
            sleep(_LOOK_SECONDS)
        return seen
