"""None of Chartroom's logins can change or delete what is in the audit log."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from db.mongo import audit_access
from db.mongo.audit_store import COLLECTION, DATABASE, AuditFilter, AuditStore
from tests.db.audit.samples import document
from tests.kit.waiting import eventually

Entries = Collection[dict[str, Any]]

FORBIDDEN: dict[str, Callable[[Entries], object]] = {
    "update": lambda e: e.update_one({"_id": 1}, {"$set": {"reason": "x"}}),
    "replace": lambda e: e.replace_one({"_id": 1}, {}),
    "delete": lambda e: e.delete_one({"_id": 1}),
    "find and modify": lambda e: e.find_one_and_delete({"_id": 1}),
    "drop": lambda e: e.drop(),
    "rename": lambda e: e.rename("other"),
    "an index that deletes": lambda e: e.create_index("at", expireAfterSeconds=0),
    "drop an index": lambda e: e.drop_index("event_1"),
    "change the collection": lambda e: e.database.command("collMod", e.name),
    "empty it by a pipeline": lambda e: list(
        e.aggregate([{"$match": {"_id": -1}}, {"$out": e.name}])
    ),
    "merge by a pipeline": lambda e: list(e.aggregate([{"$merge": {"into": e.name}}])),
    "drop the database": lambda e: e.database.client.drop_database(e.database.name),
    "another collection": lambda e: e.database["other"].insert_one({}),
    "the files": lambda e: e.database.client["chartroom"]["notes"].insert_one({}),
}


@pytest.mark.parametrize("forbidden", FORBIDDEN.values(), ids=FORBIDDEN)
def test_asvs_16_4_2_the_audit_login_can_do_nothing_but_add_and_find(
    store, url, forbidden
):
    before = store.list_after(0, limit=99)
    with (
        MongoClient[dict[str, Any]](url) as client,
        pytest.raises(OperationFailure) as refusal,
    ):
        forbidden(client.get_default_database()[COLLECTION])

    assert refusal.value.code == 13
    assert store.list_after(0, limit=99) == before


@pytest.mark.parametrize("login", ["url", "audit_url"])
@pytest.mark.parametrize("forbidden", ["update", "delete", "drop", "drop an index"])
def test_the_embedded_clusters_own_logins_cannot_touch_its_log(
    addresses, login, forbidden
):
    addresses.mongo.ensure_users()
    with (
        MongoClient[dict[str, Any]](getattr(addresses.mongo, login)) as client,
        pytest.raises(OperationFailure) as refusal,
    ):
        FORBIDDEN[forbidden](client[DATABASE][COLLECTION])

    assert refusal.value.code == 13


def test_the_login_for_files_does_not_even_read_the_log(addresses):
    with (
        MongoClient[dict[str, Any]](addresses.mongo.url) as client,
        pytest.raises(OperationFailure),
    ):
        client[DATABASE][COLLECTION].find_one()


def test_the_embedded_audit_login_reads_and_its_url_names_its_database(addresses):
    addresses.mongo.ensure_users()
    with closing(AuditStore(addresses.mongo.audit_url)) as store:
        assert store.count(AuditFilter(), at_most=1) in {0, 1}
    with MongoClient[dict[str, Any]](addresses.mongo.audit_url) as client:
        assert client.get_default_database().name == DATABASE


@pytest.mark.cluster
def test_mongodb_itself_deletes_what_is_more_than_ten_years_old(breakable):
    mongo = breakable.addresses.mongo
    old = datetime.now(UTC) - timedelta(days=audit_access.KEPT_DAYS + 32)
    young = datetime.now(UTC) - timedelta(days=audit_access.KEPT_DAYS + 30)
    with (
        MongoClient[dict[str, Any]](mongo.admin_url) as admin,
        closing(AuditStore(mongo.audit_url)) as store,
        _deleting_every_second(admin),
    ):
        # A number beyond all entries of the cluster's own log.
        last = 1_000_000
        entries = [
            document(last + 1, shipped_at=old),
            document(last + 2, shipped_at=young),
        ]
        store.append(entries)

        left = eventually(
            lambda: store.list_after(last, limit=9),
            lambda remaining: len(remaining) < 2,
        )
        admin[DATABASE][COLLECTION].delete_many({"_id": {"$gt": last}})

        assert [entry["_id"] for entry in left] == [last + 2]


@contextmanager
def _deleting_every_second(admin: MongoClient[dict[str, Any]]) -> Iterator[None]:
    """Make MongoDB look for expired entries every second, and afterwards as before."""
    name = "ttlMonitorSleepSecs"
    before = admin.admin.command("setParameter", 1, **{name: 1})["was"]
    try:
        yield
    finally:
        admin.admin.command("setParameter", 1, **{name: before})
