"""Initiate MongoDB's replica set and create Chartroom's two users; may be run again.

MONGO_MEMBERS names the members as host:port, the first of which has an administrator
already (MONGO_ADMIN_PASSWORD); MONGO_PASSWORD and MONGO_AUDIT_PASSWORD are the users'.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import AutoReconnect, OperationFailure

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from db.embedded.servers import mongo
from db.mongo import audit_access, audit_store, replica_set

_NOT_YET_INITIALISED = 94
_WAIT_SECONDS = 120.0


def make(members: list[str], passwords: dict[str, str]) -> None:
    """Found the set where there is none, wait for its leader, make the users."""
    login = f"admin:{passwords['MONGO_ADMIN_PASSWORD']}"
    first = f"mongodb://{login}@{members[0]}/?directConnection=true&authSource=admin"
    with MongoClient[dict[str, Any]](first) as client:
        _persist(lambda: _initiate(client, members))
    every = f"mongodb://{login}@{','.join(members)}/?authSource=admin"
    with MongoClient[dict[str, Any]](every, replicaSet=mongo.REPLICA_SET) as client:
        _persist(lambda: client.admin.command("ping"))
        roles = [{"role": "readWrite", "db": mongo.DATABASE}]
        mongo.create_user(client, "chartroom", passwords["MONGO_PASSWORD"], roles)
        replica_set.ensure_status_role(client, "chartroom")
        audit_access.prepare(
            client, audit_store.DATABASE, passwords["MONGO_AUDIT_PASSWORD"]
        )


def _initiate(client: MongoClient[dict[str, Any]], members: list[str]) -> None:
    try:
        client.admin.command("replSetGetStatus")
    except OperationFailure as error:
        if error.code != _NOT_YET_INITIALISED:
            raise
        listed = [{"_id": number, "host": host} for number, host in enumerate(members)]
        client.admin.command(
            "replSetInitiate", {"_id": mongo.REPLICA_SET, "members": listed}
        )


def _persist(step: Callable[[], object]) -> None:
    """Take a step as soon as the servers let it be taken."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            step()
        except AutoReconnect:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)
        else:
            return


if __name__ == "__main__":
    make(os.environ["MONGO_MEMBERS"].split(","), dict(os.environ))
