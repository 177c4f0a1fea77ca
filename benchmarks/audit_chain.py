"""The audit log's chain: shipping against raw inserts, verifying against raw reads.

Run as `python -m benchmarks.audit_chain`; CHARTROOM_TEST_CLUSTER names a cluster to
use. At least 2,000 events a second are to be shipped, and 20,000 verified.
"""

from collections.abc import Callable
from contextlib import closing
from statistics import median
from time import perf_counter
from typing import Any
from uuid import uuid4

from pymongo import MongoClient, WriteConcern
from pymongo.collection import Collection
from sqlalchemy import insert

from benchmarks.fresh import endpoints
from db.files.seal_keys import SealKeys
from db.models.audit import AuditEvent
from db.mongo import audit_access
from db.mongo.audit_store import COLLECTION, AuditStore
from db.postgres import SYSTEM, Database
from services.audit import chain

EVENTS = 5_000
ROUNDS = 10
Documents = Collection[dict[str, Any]]


def main() -> tuple[float, float]:
    """Print a line for each and return our events per second."""
    with (
        endpoints() as fresh,
        closing(Database(fresh)) as database,
        closing(AuditStore(fresh.audit_url)) as store,
        MongoClient[dict[str, Any]](fresh.audit_url) as client,
    ):
        log = client.get_default_database()
        # With all the indexes of a real log; the peer has none.
        audit_access.prepare(client, log.name, "secret", log.name)
        try:
            entries = log[COLLECTION]
            plain = log.with_options(
                write_concern=WriteConcern(w="majority", j=True)
            ).plain
            return (
                _compare_shipping(database, store, entries, plain),
                _compare_verifying(database, store, entries),
            )
        finally:
            client.admin.command("dropUser", log.name)
            client.admin.command("dropRole", log.name)


def _compare_shipping(
    database: Database, store: AuditStore, entries: Documents, plain: Documents
) -> float:
    ours, peer = [], []
    for _ in range(ROUNDS):
        database.write(_let_happen, identity=SYSTEM)
        ours.append(_seconds(lambda: _ship_all(database, store)))
        copies = list(entries.find().sort("_id", -1).limit(EVENTS))
        peer.append(_seconds(lambda copies=copies: plain.insert_many(copies)))
    return _print("audit shipping", EVENTS, ours, peer)


def _compare_verifying(
    database: Database, store: AuditStore, entries: Documents
) -> float:
    ours, peer = [], []
    keys = SealKeys(None, {})
    for _ in range(5):
        verdict = chain.verify(database, store, keys)
        if not verdict.is_whole or verdict.checked != EVENTS * ROUNDS:
            raise RuntimeError(verdict.sentence)
        ours.append(_seconds(lambda: chain.verify(database, store, keys)))
        peer.append(_seconds(lambda: sum(1 for _ in entries.find().sort("_id"))))
    return _print("audit verify", EVENTS * ROUNDS, ours, peer)


def _let_happen(session: Any) -> None:
    """Record as many events as a list of patients does."""
    event = {
        "action": "patient:list",
        "actor_id": uuid4(),
        "actor_role": "staff",
        "session_id": uuid4(),
        "request_id": uuid4().hex,
        "network": "192.0.2.7",
        "patient_id": uuid4(),
        "details": {
            "criteria": {"field": "last_name", "operator": "EQUAL", "value": "Doe"},
            "patients": [str(uuid4()) for _ in range(5)],
        },
    }
    session.execute(insert(AuditEvent.__table__).inline(), [event] * EVENTS)


def _ship_all(database: Database, store: AuditStore) -> None:
    while database.write(
        lambda session: chain.ship(session, store), identity=SYSTEM
    ).value:
        pass


def _seconds(operation: Callable[[], object]) -> float:
    begun = perf_counter()
    operation()
    return perf_counter() - begun


def _print(name: str, events: int, ours: list[float], peer: list[float]) -> float:
    our_rate, peer_rate = events / median(ours), events / median(peer)
    print(
        f"{name}: ours {our_rate:,.0f} events/s, peer {peer_rate:,.0f} events/s, "
        f"ratio {our_rate / peer_rate:.2f}",
        flush=True,
    )
    return our_rate


if __name__ == "__main__":
    main()
