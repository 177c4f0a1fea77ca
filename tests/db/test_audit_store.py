"""The audit log in MongoDB: found by what is asked, and by nobody of ours changed."""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from pymongo import MongoClient
from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from db import audit_access
from db.audit_store import (
    COLLECTION,
    DATABASE,
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
    EntryUnreadable,
    SequenceTaken,
)
from db.embedded import Addresses

Entries = Collection[dict[str, Any]]

ADA, BOB, CLERK, NURSE = (uuid4() for _ in range(4))
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def admin(addresses: Addresses) -> Iterator[MongoClient[dict[str, Any]]]:
    """MongoDB, for whoever may do everything."""
    with MongoClient[dict[str, Any]](addresses.mongo.admin_url) as client:
        yield client


@pytest.fixture(scope="module")
def url(addresses: Addresses, admin: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """A log of this module's own, for a login that has no more rights than ours."""
    name = f"test_{uuid4().hex}_audit"
    audit_access.prepare(admin, name, "secret", name)
    host = addresses.mongo.admin_url.rpartition("@")[2].replace("/?", f"/{name}?")
    yield f"mongodb://{name}:secret@{host}"
    admin.admin.command("dropUser", name)
    admin.admin.command("dropRole", name)
    admin.drop_database(name)


def document(sequence: int, **values: object) -> dict[str, Any]:
    """Return an entry as it is kept."""
    patient = values.get("patient_id")
    return {
        "_id": sequence,
        "event": str(uuid4()),
        "at": NOON + timedelta(minutes=sequence),
        "shipped_at": NOON,
        "action": "patient:read",
        "outcome": "done",
        "actor_id": str(CLERK),
        "actor_role": "staff",
        "session_id": None,
        "request_id": None,
        "network": None,
        "patient_id": None,
        "patients": [patient] if patient else [],
        "subject_kind": None,
        "subject_id": None,
        "reason": None,
        "details": "{}",
        "previous": "",
        "hash": "",
    } | values


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[AuditStore]:
    """A log with a few entries."""
    session = str(UUID(int=1))
    with closing(AuditStore(url)) as store:
        store.append(
            [
                document(1, patient_id=str(ADA)),
                document(2, patient_id=str(BOB), actor_id=str(NURSE)),
                document(3, action="patient:list", patients=[str(ADA), str(BOB)]),
                document(4, outcome="refused", action="access:refuse"),
                document(5, subject_kind="document", subject_id="17"),
                document(6, session_id=session, details='{"fields": ["name"]}'),
            ]
        )
        yield store


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (AuditFilter(), [6, 5, 4, 3, 2, 1]),
        (AuditFilter(actor_id=NURSE), [2]),
        (AuditFilter(patient_id=ADA), [3, 1]),
        (AuditFilter(patient_id=BOB, actor_id=CLERK), [3]),
        (AuditFilter(actions=frozenset({"patient:list", "access:refuse"})), [4, 3]),
        (AuditFilter(outcome="refused"), [4]),
        (AuditFilter(subject_kind="document"), [5]),
        (AuditFilter(subject_kind="document", subject_id="18"), []),
        (AuditFilter(session_id=UUID(int=1)), [6]),
        (AuditFilter(since=NOON + timedelta(minutes=5)), [6, 5]),
        (AuditFilter(until=NOON + timedelta(minutes=2)), [1]),
        (
            AuditFilter(
                since=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=4)
            ),
            [3, 2],
        ),
    ],
)
def test_entries_are_found_by_what_is_asked(store, wanted, found):
    assert [entry.sequence for entry in store.find(wanted)] == found
    assert [entry.sequence for entry in store.stream(wanted)] == found
    assert store.count(wanted) == len(found)


def test_pages_follow_each_other_without_gap_or_overlap(store):
    seen, after = [], None
    while page := store.find(AuditFilter(), after=after, limit=2):
        seen += [entry.sequence for entry in page]
        after = page[-1].cursor

    assert seen == [6, 5, 4, 3, 2, 1]


def test_entries_of_the_same_moment_are_paged_by_their_numbers(url, admin):
    name = url.partition("?")[0].rpartition("/")[2]
    entries = admin[name][COLLECTION]
    entries.insert_many(
        document(number, at=NOON, network="same") for number in (101, 102, 103)
    )
    wanted = AuditFilter(until=NOON + timedelta(seconds=1))
    try:
        with closing(AuditStore(url)) as store:
            first = store.find(wanted, limit=2)
            rest = store.find(wanted, after=first[-1].cursor, limit=2)
    finally:
        entries.delete_many({"network": "same"})

    assert [entry.sequence for entry in first + rest] == [103, 102, 101]


@pytest.mark.parametrize(
    "strange",
    [
        {"actor_id": "Rosa"},
        {"details": "Rosa"},
        {"event": 7},
        {"at": None},
        {"action": 7},
    ],
    ids=str,
)
def test_an_entry_that_is_none_any_more_is_told_by_its_number(url, admin, strange):
    name = url.partition("?")[0].rpartition("/")[2]
    entries = admin[name][COLLECTION]
    entries.insert_one(document(200, outcome="failed") | strange)
    try:
        with (
            closing(AuditStore(url)) as store,
            pytest.raises(EntryUnreadable, match="Entry 200 was tamp") as refusal,
        ):
            store.find(AuditFilter(outcome="failed"))
    finally:
        entries.delete_one({"_id": 200})

    assert refusal.value.__cause__ is None


def test_counting_stops_where_it_is_told_to(store):
    assert store.count(AuditFilter(), at_most=4) == 4


def test_no_value_is_taken_for_an_operator(store):
    assert store.find(AuditFilter(outcome={"$ne": None})) == ()  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({"actor_id": {"$eq": str(CLERK)}}, "actor_id_1_at_-1__id_-1"),
        ({"patients": {"$eq": str(ADA)}}, "patients_1_at_-1__id_-1"),
        ({"action": {"$in": ["patient:list"]}}, "action_1_at_-1__id_-1"),
        ({"outcome": {"$eq": "refused"}}, "outcome_1_at_-1__id_-1"),
        ({"subject_id": {"$eq": "17"}}, "subject_id_1_at_-1__id_-1"),
        ({"at": {"$gte": NOON}}, "at_-1__id_-1"),
    ],
)
def test_an_index_answers_in_the_order_that_is_shown(store, admin, url, wanted, index):
    name = url.partition("?")[0].rpartition("/")[2]
    found = admin[name][COLLECTION].find(wanted).sort([("at", -1), ("_id", -1)])

    plan = str(found.explain()["queryPlanner"]["winningPlan"])

    assert f"'indexName': '{index}'" in plan
    assert "'SORT'" not in plan


def test_a_number_is_given_once_and_what_comes_after_it_is_not_added(store):
    with pytest.raises(SequenceTaken) as refusal:
        store.append([document(7), document(3), document(8)])

    assert [found["_id"] for found in store.list_after(6, limit=9)] == [7]
    assert refusal.value.__cause__ is None


def test_an_event_is_added_once_whatever_its_number(store):
    [first] = store.list_after(0, limit=1)

    with pytest.raises(SequenceTaken):
        store.append([document(9, event=first["event"])])


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
def test_the_audit_login_can_do_nothing_but_add_and_find(store, url, forbidden):
    before = store.list_after(0, limit=99)
    with (
        MongoClient[dict[str, Any]](url) as client,
        pytest.raises(OperationFailure) as refusal,
    ):
        forbidden(client.get_default_database()[COLLECTION])

    assert refusal.value.code == 13
    assert store.list_after(0, limit=99) == before


@pytest.mark.parametrize("forbidden", [*FORBIDDEN][:9])
def test_the_embedded_clusters_own_logins_cannot_touch_its_log(addresses, forbidden):
    addresses.mongo.ensure_users()
    for url in (addresses.mongo.url, addresses.mongo.audit_url):
        with MongoClient[dict[str, Any]](url) as client:
            with pytest.raises(OperationFailure) as refusal:
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


USES: dict[str, Callable[[AuditStore], object]] = {
    "find": lambda store: store.find(AuditFilter()),
    "stream": lambda store: list(store.stream(AuditFilter())),
    "count": lambda store: store.count(AuditFilter()),
    "append": lambda store: store.append([document(1)]),
    "list": lambda store: store.list_after(0, limit=1),
    "walk": lambda store: list(store.walk_after(0)),
}


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_mongodb_that_is_away_is_said_to_be(use, monkeypatch):
    monkeypatch.setattr("db.audit_store._SELECTION_MS", 200)
    with (
        closing(AuditStore("mongodb://127.0.0.1:1/x")) as gone,
        pytest.raises(AuditStoreUnavailable, match="does not answer"),
    ):
        use(gone)


@pytest.mark.parametrize("use", USES.values(), ids=USES)
def test_a_login_that_is_refused_is_said_to_be(use, url):
    wrong = url.replace(":secret@", ":wrong@")
    with (
        closing(AuditStore(wrong)) as refused,
        pytest.raises(AuditStoreUnavailable, match="refuses the audit login"),
    ):
        use(refused)


def test_who_never_asks_never_connects():
    begun = time.monotonic()

    AuditStore("mongodb://127.0.0.1:1/x").close()

    assert time.monotonic() - begun < 1


@pytest.mark.cluster
def test_mongodb_itself_deletes_what_is_more_than_ten_years_old(breakable):
    mongo = breakable.addresses.mongo
    old = datetime.now(UTC) - timedelta(days=audit_access.KEPT_DAYS + 32)
    young = datetime.now(UTC) - timedelta(days=audit_access.KEPT_DAYS + 30)
    with (
        MongoClient[dict[str, Any]](mongo.admin_url) as admin,
        closing(AuditStore(mongo.audit_url)) as store,
    ):
        admin.admin.command("setParameter", 1, ttlMonitorSleepSecs=1)
        store.append([document(1, shipped_at=old), document(2, shipped_at=young)])
        deadline = time.monotonic() + 60
        while len(store.list_after(0, limit=9)) == 2 and time.monotonic() < deadline:
            time.sleep(0.2)

        assert [entry["_id"] for entry in store.list_after(0, limit=9)] == [2]
