"""The servers before an operation: as Patroni reports them, and as they were seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.orm import Session

from db.cluster.patroni import PatroniMember, PatroniMembers
from db.postgres import Lsn
from db.postgres.watching.nodes import NodeState

# A shorter one would not be missed: whoever began it tries again.
LONG_SECONDS = 5.0
_MOST = 50
_UNHEARD = "not heard of"
_TRANSACTIONS = text(
    "SELECT coalesce(nullif(application_name, ''), 'unnamed program'), "
    "extract(epoch FROM clock_timestamp() - xact_start)::float8 "
    "FROM pg_stat_activity "
    "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() "
    "AND xact_start < clock_timestamp() - make_interval(secs => :seconds) "
    "ORDER BY xact_start LIMIT :most"
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction that has run for long on the primary, and whose it is."""

    program: str
    seconds: float


@dataclass(frozen=True, slots=True)
class ServerSituation:
    """One server, as reported by Patroni and by itself.

    `behind_bytes` is how far what it has on disk is behind the primary as that was last
    seen, `replay_seconds` how late readers see changes. `position` is how far its log
    reaches, which is asked for while nobody leads. None means "not known".
    """

    name: str
    role: str
    state: str
    is_answering: bool
    timeline: int | None = None
    behind_bytes: int | None = None
    replay_seconds: float | None = None
    is_streaming: bool = False
    is_waited_for: bool = False
    may_lead: bool = True
    is_restart_pending: bool = False
    position: Lsn | None = None

    @property
    def is_leading(self) -> bool:
        """Whether the server is the primary."""
        return self.role == "primary"


@dataclass(frozen=True, slots=True)
class Situation:
    """All servers, and whether Patroni would act by itself."""

    servers: tuple[ServerSituation, ...]
    is_automatic: bool = True
    is_synchronous: bool = False
    transactions: tuple[Transaction, ...] = ()

    @property
    def primary(self) -> ServerSituation | None:
        """The server that leads and answers."""
        return next((server for server in self.servers if server.is_leading), None)

    def server(self, name: str | None) -> ServerSituation | None:
        """Return a server by name."""
        return next((server for server in self.servers if server.name == name), None)


def situation_of(
    members: PatroniMembers,
    nodes: Sequence[NodeState],
    *,
    is_synchronous: bool,
    transactions: Sequence[Transaction],
    positions: Mapping[str, Lsn | None],
) -> Situation:
    """Return the situation from what Patroni reports and what was seen."""
    seen = {node.name: node for node in nodes}
    leader = members.leader
    primary = seen.get(leader.name) if leader else None
    # Patroni keeps calling a dead server its leader until the key expires.
    leads = leader is not None and (primary is None or primary.reachable)
    servers = [
        _server(
            member,
            seen.get(member.name),
            leads=leads and member is leader,
            # What Patroni knows is seconds old, and no evidence of what might be lost.
            known_bytes=member.lag_bytes if leads else None,
            position=positions.get(member.name),
        )
        for member in members.members
    ]
    # Patroni no longer knows a server that has been down for long.
    lost = sorted(seen.keys() - {member.name for member in members.members})
    return Situation(
        (
            *servers,
            *(ServerSituation(name, "replica", _UNHEARD, False) for name in lost),
        ),
        not members.is_paused,
        is_synchronous,
        tuple(transactions),
    )


def long_transactions(session: Session) -> tuple[Transaction, ...]:
    """Return long transactions on this session's server, the longest first.

    Statements are left out: they may name a patient.
    """
    parameters = {"seconds": LONG_SECONDS, "most": _MOST}
    return tuple(
        Transaction(*row) for row in session.execute(_TRANSACTIONS, parameters)
    )


def _server(
    member: PatroniMember,
    node: NodeState | None,
    *,
    leads: bool,
    known_bytes: int | None,
    position: Lsn | None,
) -> ServerSituation:
    lag = node.receive_lag_bytes if node else None
    return ServerSituation(
        member.name,
        "primary" if leads else "replica",
        member.state,
        True if node is None else node.reachable,
        member.timeline if node is None or node.timeline is None else node.timeline,
        0 if leads else known_bytes if lag is None else lag,
        0.0 if leads or node is None else node.lag_seconds,
        member.is_streaming,
        member.is_waited_for,
        member.may_lead,
        member.is_restart_pending,
        position,
    )
