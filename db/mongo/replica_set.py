"""The state of MongoDB's replica set: its members, their lag, and its disk space."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

MemberRole = Literal["primary", "secondary", "other", "silent"]

# What a login needs, besides access to its files, to see how far the log reaches back;
# it gives access to no data.
STATUS_ROLE: Final = "chartroomStatus"
_PRIVILEGE: Final = {
    "resource": {"cluster": True},
    "actions": ["replSetGetStatus", "serverStatus"],
}
_ALREADY_EXISTS: Final = 51002
# A member that does not answer in this time is silent; the page waits for all of them
# at once.
_ANSWER_MS: Final = 700
_MOST_AT_ONCE: Final = 7
_LEFT_OUT: Final = dict.fromkeys(
    (
        "asserts",
        "connections",
        "globalLock",
        "locks",
        "metrics",
        "network",
        "opcounters",
        "opcountersRepl",
        "repl",
        "tcmalloc",
        "wiredTiger",
    ),
    0,
)


@dataclass(frozen=True, slots=True)
class FilesMember:
    """One server of the set: `lag_seconds` behind the primary, None if unknown."""

    name: str
    role: MemberRole
    lag_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class FilesState:
    """The set as a whole.

    `stored_bytes` is what files take up on a member's disk, `disk_free_bytes` its free
    space. `log_seconds` is how far the log reaches back: a member that was away for
    longer needs a full resync. None means unknown.
    """

    members: tuple[FilesMember, ...]
    files: int
    stored_bytes: int
    disk_free_bytes: int | None = None
    disk_bytes: int | None = None
    log_seconds: float | None = None

    @property
    def primary(self) -> FilesMember | None:
        """The member that takes writes, if there is one."""
        return next((m for m in self.members if m.role == "primary"), None)


def observe(
    client: MongoClient[dict[str, Any]], database: str, *, options: Mapping[str, Any]
) -> FilesState:
    """Return the state of this client's set; `options` are its URL's TLS options.

    May raise what pymongo raises if no member answers the client.
    """
    hello = client.admin.command("hello")
    names = hello.get("hosts", []) + hello.get("passives", [])
    with ThreadPoolExecutor(_MOST_AT_ONCE) as pool:
        greetings = dict(
            zip(names, pool.map(lambda n: _greet(n, options), names), strict=True)
        )
    stats = client[database].command("dbStats")
    return FilesState(
        _members(greetings) + _hidden(client, names),
        _count_files(client, database),
        int(stats["storageSize"] + stats["indexSize"]),
        _room(stats),
        _whole(stats.get("fsTotalSize")),
        _log_seconds(client),
    )


def ensure_status_role(client: MongoClient[dict[str, Any]], user: str) -> None:
    """Let the user see the log's extent; `client` is an administrator's. Idempotent."""
    try:
        client.admin.command(
            "createRole", STATUS_ROLE, privileges=[_PRIVILEGE], roles=[]
        )
    except OperationFailure as error:
        if error.code != _ALREADY_EXISTS:
            raise
        # The role made by an earlier version has fewer privileges.
        client.admin.command("updateRole", STATUS_ROLE, privileges=[_PRIVILEGE])
    client.admin.command("grantRolesToUser", user, roles=[STATUS_ROLE])


def _greet(name: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return a member's greeting, which needs no login; {} if it does not answer."""
    host, _, port = name.rpartition(":")
    waits = dict.fromkeys(
        ("serverSelectionTimeoutMS", "connectTimeoutMS", "socketTimeoutMS"), _ANSWER_MS
    )
    with (
        suppress(PyMongoError),
        MongoClient[dict[str, Any]](
            host, int(port), directConnection=True, **{**options, **waits}
        ) as member,
    ):
        return dict(member.admin.command("hello"))
    return {}


def _members(greetings: Mapping[str, Mapping[str, Any]]) -> tuple[FilesMember, ...]:
    written = {name: _written_at(said) for name, said in greetings.items()}
    leads = [name for name, said in greetings.items() if said.get("isWritablePrimary")]
    newest = written[leads[0]] if leads else None
    return tuple(
        FilesMember(name, _role_of(said), _behind(written[name], newest))
        for name, said in greetings.items()
    )


def _hidden(
    client: MongoClient[dict[str, Any]], listed: Sequence[str]
) -> tuple[FilesMember, ...]:
    """Return the members that no greeting names, such as another site's."""
    try:
        members = client.admin.command("replSetGetStatus")["members"]
    except (OperationFailure, KeyError):
        # The login of an earlier version may not see this.
        return ()
    newest = max((m["optimeDate"] for m in members if "optimeDate" in m), default=None)
    return tuple(
        FilesMember(m["name"], _hidden_role(m), _behind(m.get("optimeDate"), newest))
        for m in members
        if m["name"] not in listed
    )


def _hidden_role(member: Mapping[str, Any]) -> MemberRole:
    if not member.get("health"):
        return "silent"
    return "secondary" if member["stateStr"] == "SECONDARY" else "other"


def _role_of(said: Mapping[str, Any]) -> MemberRole:
    if not said:
        return "silent"
    if said.get("isWritablePrimary"):
        return "primary"
    return "secondary" if said.get("secondary") else "other"


def _written_at(said: Mapping[str, Any]) -> datetime | None:
    at = said.get("lastWrite", {}).get("lastWriteDate")
    return at if isinstance(at, datetime) else None


def _behind(at: datetime | None, newest: datetime | None) -> float | None:
    if at is None or newest is None:
        return None
    return max(0.0, (newest - at).total_seconds())


def _count_files(client: MongoClient[dict[str, Any]], database: str) -> int:
    files = client[database].list_collection_names(
        filter={"name": {"$regex": "files$"}}
    )
    return sum(client[database][name].estimated_document_count() for name in files)


def _room(stats: Mapping[str, Any]) -> int | None:
    total, used = _whole(stats.get("fsTotalSize")), _whole(stats.get("fsUsedSize"))
    return None if total is None or used is None else total - used


def _whole(number: object) -> int | None:
    return int(number) if isinstance(number, int | float) else None


def _log_seconds(client: MongoClient[dict[str, Any]]) -> float | None:
    """Return how far the log reaches back; None if the login may not see it."""
    try:
        status = client.admin.command({"serverStatus": 1, "oplog": 1, **_LEFT_OUT})
        log = status["oplog"]
        return float(log["latestOptime"].time - log["earliestOptime"].time)
    except (OperationFailure, KeyError):
        return None
