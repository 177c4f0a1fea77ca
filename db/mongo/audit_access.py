"""Who may do what with the audit log in MongoDB, and the indexes for searching it.

An administrator's login sets this up. Chartroom's own audit login may add and find,
nothing else: it cannot even make an index, because one kind of index deletes.
"""

from typing import Any, Final

from pymongo import IndexModel, MongoClient
from pymongo.errors import OperationFailure

from db.mongo.audit_store import COLLECTION

USER: Final = "chartroom_audit"
ACTIONS: Final = ("find", "insert")

# Entries are kept for ten years. No login of Chartroom's may delete them after that:
# MongoDB does it by itself, a month late, so that a log in which nothing happened for a
# while still begins with an entry that is ten years old.
KEPT_DAYS: Final = 3_653
_DELETED_AFTER_SECONDS: Final = (KEPT_DAYS + 31) * 86_400

_NEWEST_FIRST: Final = {"at": -1, "_id": -1}
# The same as in deploy/make_files_database.py; a test compares them.
INDEXES: Final[tuple[tuple[dict[str, int], dict[str, Any]], ...]] = (
    ({"event": 1}, {"unique": True}),
    (_NEWEST_FIRST, {}),
    ({"actor_id": 1} | _NEWEST_FIRST, {}),
    ({"patients": 1} | _NEWEST_FIRST, {}),
    ({"action": 1} | _NEWEST_FIRST, {}),
    ({"outcome": 1} | _NEWEST_FIRST, {}),
    ({"subject_id": 1} | _NEWEST_FIRST, {}),
    ({"shipped_at": 1}, {"expireAfterSeconds": _DELETED_AFTER_SECONDS}),
)

_ROLE_EXISTS: Final = 51_002
_USER_EXISTS: Final = 51_003


def prepare(
    client: MongoClient[dict[str, Any]], database: str, password: str, user: str = USER
) -> None:
    """Make the audit login and the log's indexes; idempotent.

    `client` is signed in as an administrator.
    """
    client[database][COLLECTION].create_indexes(
        [IndexModel(list(keys.items()), **options) for keys, options in INDEXES]
    )
    resource = {"db": database, "collection": COLLECTION}
    may = [{"resource": resource, "actions": list(ACTIONS)}]
    _create(client, _ROLE_EXISTS, "createRole", user, privileges=may, roles=[])
    _create(client, _USER_EXISTS, "createUser", user, pwd=password, roles=[user])


def _create(
    client: MongoClient[dict[str, Any]],
    exists: int,
    command: str,
    name: str,
    **settings: Any,
) -> None:
    try:
        client.admin.command(command, name, **settings)
    except OperationFailure as error:
        if error.code != exists:
            raise
