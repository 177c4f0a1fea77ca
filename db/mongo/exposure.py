"""Which MongoDB servers let strangers read their memory: CVE-2025-14847, "MongoBleed".

Anybody who can reach such a server gets bytes of its memory with messages compressed by
zlib, without signing in.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from pymongo import MongoClient
from pymongo.errors import PyMongoError
from pymongo.read_preferences import Nearest
from pymongo.server_description import ServerDescription

from db.server_versions import has_fix

# The first version of each branch that has the fix; other branches have none before the
# newest of these: https://jira.mongodb.org/browse/SERVER-115508
FIXED_IN: Final = (
    (4, 4, 30),
    (5, 0, 32),
    (6, 0, 27),
    (7, 0, 28),
    (8, 0, 17),
    (8, 2, 3),
)

# A start waits this long for each member that does not answer.
_PATIENCE_MS: Final = 2_000


@dataclass(frozen=True, slots=True)
class ExposedServer:
    """A server whose memory strangers can read: its host and port, and its version."""

    address: str
    version: str


def find_exposed(mongo_url: str) -> tuple[ExposedServer, ...]:
    """Return the exposed servers among those behind a URL.

    A server that does not answer, or does not let us in, is left out: nothing is known
    of it.
    """
    return tuple(
        ExposedServer(f"{host}:{port}", answer["version"])
        for host, port in _members(mongo_url)
        if (answer := _ask(mongo_url, (host, port))) and _is_exposed(answer)
    )


def _members(mongo_url: str) -> Iterator[tuple[str, int | None]]:
    """Yield the servers that the URL names, and those that they name in turn."""
    try:
        with _client(mongo_url) as client:
            _admin(client).command("ping")
            yield from sorted(client.topology_description.server_descriptions())
    except PyMongoError:
        return


def _ask(mongo_url: str, address: tuple[str, int | None]) -> dict[str, Any]:
    """Return one server's answer on its version, and on whether it takes zlib."""

    def only_this(servers: list[ServerDescription]) -> list[ServerDescription]:
        return [server for server in servers if server.address == address]

    try:
        with _client(mongo_url, server_selector=only_this) as client:
            # The answer names those of the offered compressors that the server accepts.
            hello = _admin(client).command("hello", compression=["zlib"])
            return {**_admin(client).command("buildInfo"), **hello}
    except PyMongoError:
        return {}


def _is_exposed(answer: dict[str, Any]) -> bool:
    return "zlib" in answer.get("compression", ()) and not has_fix(
        tuple(answer["versionArray"][:3]), FIXED_IN
    )


def _admin(client: MongoClient[dict[str, Any]]) -> Any:
    return client.get_database("admin", read_preference=Nearest())


def _client(mongo_url: str, **also: Any) -> MongoClient[dict[str, Any]]:
    return MongoClient(
        mongo_url,
        serverSelectionTimeoutMS=_PATIENCE_MS,
        connectTimeoutMS=_PATIENCE_MS,
        socketTimeoutMS=_PATIENCE_MS,
        **also,
    )
