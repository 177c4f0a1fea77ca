"""The servers as operations reach them: database, Patroni, and our own launcher."""

from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final, TypeVar

from db.cluster.control_client import Control, ControlRefused, ControlUnreachable
from db.cluster.patroni import Patroni, PatroniRefused, PatroniSilent
from db.endpoints import Endpoints
from db.postgres import Database, DatabaseUnavailable, Lsn
from services.cluster.operations.refusals import CannotAct, NoPatroni, WentWrong
from services.cluster.operations.situation import (
    ServerSituation,
    Situation,
    Transaction,
    long_transactions,
    situation_of,
)
from services.core.sentences import Sentence

T = TypeVar("T")
LOOK_SECONDS: Final = 0.05


@dataclass(frozen=True, slots=True)
class Servers:
    """What operations work with; `control` exists for the embedded cluster only."""

    database: Database
    patroni: Patroni
    control: Control | None = None

    def look(self, *, with_transactions: bool = False) -> Situation:
        """Return the current situation of the servers; raises NoPatroni."""
        members = self.ask(self.patroni.cluster)
        mode = self.ask(self.patroni.config).get("synchronous_mode", False)
        nodes = self.database.nodes()
        names = [] if self.leads() else [member.name for member in members.members]
        return situation_of(
            members,
            nodes,
            is_synchronous=str(mode).lower() in {"true", "on", "quorum"},
            transactions=self._transactions() if with_transactions else (),
            positions={name: self._position(name) for name in names},
        )

    def leads(self) -> bool:
        """Return whether a server was just seen to lead."""
        nodes = self.database.nodes()
        return any(node.reachable and node.role == "primary" for node in nodes)

    def ask(self, question: Callable[[], T]) -> T:
        """Return Patroni's answer; raises CannotAct, NoPatroni and WentWrong."""
        if not self.patroni.is_there:
            raise CannotAct(
                "These servers are not managed by Patroni, so Chartroom can show them "
                "but not act on them. Set CHARTROOM_PATRONI_URLS if they are."
            )
        try:
            return question()
        except PatroniSilent as error:
            raise NoPatroni(
                "No server's Patroni answers, so nothing can be done from here."
            ) from error
        except PatroniRefused as refused:
            why = str(refused)
            raise WentWrong(Sentence("Patroni refused: {why}.", why=why)) from refused

    def require_server(self, name: str | None) -> ServerSituation:
        """Return a server by name; raises CannotAct and NoPatroni."""
        server = self.look().server(name)
        if server is None:
            raise CannotAct(Sentence("There is no server called {name}.", name=name))
        return server

    def require_control(self) -> Control:
        """Return the launcher's control; raises CannotAct if there is none."""
        if self.control is None:
            raise CannotAct(
                "Chartroom did not start these servers, so it cannot do this by "
                "itself: run the commands that are shown here on the server."
            )
        return self.control

    def _position(self, name: str) -> Lsn | None:
        """Return how far a server's log reaches now, as the server reports it."""
        try:
            xlog = self.patroni.state_of(name).get("xlog", {})
        except PatroniSilent:
            return None
        known = [xlog.get("received_location"), xlog.get("replayed_location")]
        return Lsn(max(filter(None, known))) if any(known) else None

    def _transactions(self) -> tuple[Transaction, ...]:
        if not self.leads():
            return ()
        try:
            # Without an identity: the login itself may see the transactions of others.
            return self.database.read_latest(long_transactions).value
        except DatabaseUnavailable:
            return ()


def are_supervised(endpoints: Endpoints) -> bool:
    """Return whether the launcher of these servers says it could prove one dead."""
    control = Control.of(endpoints)
    try:
        return control is not None and control.report().supervised
    except (ControlRefused, ControlUnreachable):
        return False


def by_control(command: Callable[[], T]) -> T:
    """Return what the launcher answers; raises WentWrong."""
    try:
        return command()
    except (ControlRefused, ControlUnreachable) as refused:
        raise WentWrong(str(refused)) from refused


def wait_until(
    is_so: Callable[[], bool], *, seconds: float, pause_seconds: float = LOOK_SECONDS
) -> bool:
    """Wait until the condition holds; return whether it did in time."""
    deadline = monotonic() + seconds
    while not is_so():
        if monotonic() > deadline:
            return False
        sleep(pause_seconds)
    return True
