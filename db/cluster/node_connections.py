"""Single questions to one server, each over a new connection: they are rare."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final

import psycopg2
from psycopg2 import errors
from psycopg2.extensions import (
    cursor as DriverCursor,  # noqa: N812 - a class
    make_dsn,
)

from db.endpoints import Endpoints
from db.postgres.connections.server_addresses import ServerAddresses

_CONNECT_SECONDS: Final = 2
_ANSWER_MILLISECONDS: Final = 3000


class NodeSilent(Exception):
    """A server does not answer."""


def node_names(endpoints: Endpoints) -> tuple[str, ...]:
    """Return the names of the servers."""
    return tuple(address.name for address in ServerAddresses(endpoints).nodes)


@contextmanager
def asking(endpoints: Endpoints, node: str, purpose: str) -> Iterator[DriverCursor]:
    """Open a cursor on a server as Chartroom's login, in autocommit mode.

    `purpose` becomes part of the connection's application_name. Raises NodeSilent if
    there is no answer within seconds, and KeyError for an unknown name.
    """
    addresses = {address.name: address for address in ServerAddresses(endpoints).nodes}
    parameters: dict[str, Any] = {
        **addresses[node].parameters,
        "connect_timeout": _CONNECT_SECONDS,
        "application_name": f"chartroom {purpose}",
        "options": f"-c statement_timeout={_ANSWER_MILLISECONDS}",
    }
    try:
        with closing(psycopg2.connect(make_dsn(**parameters))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                yield cursor
    except errors.ObjectNotInPrerequisiteState:
        # A server that answers but lacks something is not silent.
        raise
    except psycopg2.OperationalError:
        # Without its text, which may name addresses and logins.
        raise NodeSilent(node) from None
