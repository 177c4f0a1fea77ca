"""Which servers there are, and how to open a connection that cannot hang."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import psycopg2
from psycopg2.extensions import (
    connection as DriverConnection,  # noqa: N812 - a class
    make_dsn,
    parse_dsn,
)

from db.endpoints import Endpoints
from db.postgres.connections.batching import BatchedConnection
from db.postgres.connections.commits import CertainConnection

Opened = TypeVar("Opened", bound=BatchedConnection)

CONNECT_TIMEOUT_SECONDS = 2

# A host that vanishes without notice is detected within about ten seconds. (One that
# hangs still answers on TCP: the watch and Pool.cut deal with that.)
_LIVENESS = {
    "connect_timeout": CONNECT_TIMEOUT_SECONDS,
    "tcp_user_timeout": 8000,
    "keepalives": 1,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "application_name": "chartroom",
}

# The server in turn detects within a limited time that we have vanished, and releases
# our locks. Only warnings are sent, so that whatever arrives together with a COMMIT's
# answer is one, in any language (see db.postgres.connections.commits).
_SESSION: Final[Mapping[str, object]] = {
    "tcp_keepalives_idle": 4,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
    "tcp_user_timeout": 8000,
    "client_connection_check_interval": 5000,
    "client_min_messages": "warning",
}
_READING: Final[Mapping[str, object]] = {
    **_SESSION,
    "default_transaction_read_only": "on",
}


# Host and port, which identify a server.
Place = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Address:
    """One server: its name, and libpq's parameters for reaching it and no other."""

    name: str
    parameters: Mapping[str, str]

    @property
    def place(self) -> Place:
        """Return host and port, which identify a server."""
        return self.parameters.get("host", ""), self.parameters.get("port", "5432")


class ServerAddresses:
    """All servers of a set of endpoints, or of the set that was adopted last."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.nodes: tuple[Address, ...] = ()
        self.adopt(endpoints)

    def adopt(self, endpoints: Endpoints) -> None:
        """Replace all servers by these from now on."""
        self._primary = parse_dsn(endpoints.database_url)
        listed = [
            address
            for name, url in endpoints.replica_urls.items()
            for address in _split(parse_dsn(url), name)
        ]
        # If only the replicas are listed, the primary still has to be watched.
        known = {address.place for address in listed}
        unnamed = [a for a in _split(self._primary) if a.place not in known]
        self.nodes = tuple(listed + unnamed)

    def name_of(self, connection: DriverConnection) -> str | None:
        """Return the name of the server that this connection leads to."""
        return self.name_at(place_of(connection))

    def open_primary(self, likely: str | None) -> CertainConnection:
        """Open a connection to whichever server takes writes, the likely one first."""
        hosts = sorted(
            _split(self._primary),
            key=lambda host: self.name_at(host.place) != likely,
        )
        return _open(
            {
                **self._primary,
                "host": ",".join(host.place[0] for host in hosts),
                "port": ",".join(host.place[1] for host in hosts),
                "target_session_attrs": "read-write",
            },
            _SESSION,
            CertainConnection,
        )

    def name_at(self, place: Place) -> str | None:
        """Return the name of the server at a host and port."""
        return next((node.name for node in self.nodes if node.place == place), None)


def place_of(connection: DriverConnection) -> Place:
    """Return where a connection leads to; only its owner may call this."""
    return connection.info.host, str(connection.info.port)


def open_reading(address: Address) -> BatchedConnection:
    """Open a connection that can only read, whatever the server's role."""
    return _open(address.parameters, _READING, BatchedConnection)


def _open(
    parameters: Mapping[str, str],
    session: Mapping[str, object],
    factory: type[Opened],
) -> Opened:
    # Sent in the start-up message, whose wait is limited: a later SET would wait
    # without limit for a server that hangs just then, and nothing would know of the
    # connection yet.
    given = (f"-c {name}={value}" for name, value in session.items())
    options = " ".join([parameters.get("options", ""), *given]).strip()
    everything: dict[str, Any] = {**parameters, **_LIVENESS, "options": options}
    return psycopg2.connect(make_dsn(**everything), connection_factory=factory)


def _split(parameters: Mapping[str, str], name: str | None = None) -> Iterator[Address]:
    """Yield an address for each host that a libpq URL names."""
    hosts = parameters.get("host", "localhost").split(",")
    ports = [port or "5432" for port in parameters.get("port", "").split(",")]
    ports = ports * len(hosts) if len(ports) == 1 else ports
    shared = {k: v for k, v in parameters.items() if k != "target_session_attrs"}
    for host, port in zip(hosts, ports, strict=True):
        single = name if name and len(hosts) == 1 else None
        yield Address(
            single or f"{host}:{port}", {**shared, "host": host, "port": port}
        )
