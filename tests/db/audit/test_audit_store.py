"""The audit log in MongoDB can be searched, and is appended to in order."""

import socket
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from uuid import UUID

import pytest

from db.mongo.audit_store import (
    AuditFilter,
    AuditStore,
    AuditStoreUnavailable,
    EntryUnreadable,
    SequenceTaken,
)
from tests.db.audit.samples import ADA, BOB, CLERK, NOON, NURSE, document


@pytest.mark.parametrize(
    ("wanted", "sequences"),
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
        (AuditFilter(since=NOON + timedelta(minutes=5, microseconds=1)), [6]),
        (AuditFilter(until=NOON + timedelta(minutes=2, microseconds=1)), [2, 1]),
        (AuditFilter(shipped_since=NOON, patient_id=ADA), [3, 1]),
        (AuditFilter(shipped_since=NOON + timedelta(seconds=1)), []),
        (AuditFilter(shipped_until=NOON), []),
        (AuditFilter(event_ids=frozenset({UUID(int=7)})), []),
        (
            AuditFilter(
                since=NOON + timedelta(minutes=2), until=NOON + timedelta(minutes=4)
            ),
            [3, 2],
        ),
    ],
)
def test_entries_are_found_by_what_is_asked(store, wanted, sequences):
    assert [entry.sequence for entry in store.find(wanted)] == sequences
    assert [entry.sequence for entry in store.stream(wanted)] == sequences
    assert store.count(wanted) == len(sequences)


def test_pages_follow_each_other_without_gap_or_overlap(store):
    seen, after = [], None
    while page := store.find(AuditFilter(), after=after, limit=2):
        seen += [entry.sequence for entry in page]
        after = page[-1].cursor

    assert seen == [6, 5, 4, 3, 2, 1]


def test_pages_follow_each_other_the_oldest_first_as_well(store):
    seen, after = [], None
    while page := store.find(AuditFilter(), after=after, limit=4, oldest_first=True):
        seen += [entry.sequence for entry in page]
        after = page[-1].cursor

    assert seen == [1, 2, 3, 4, 5, 6]


def test_entries_are_found_by_the_ids_of_their_events(store):
    known = {entry.sequence: entry.id for entry in store.find(AuditFilter())}

    entries = store.find(AuditFilter(event_ids=frozenset({known[2], known[5]})))

    assert [entry.sequence for entry in entries] == [5, 2]


def test_entries_of_the_same_moment_are_paged_by_their_numbers(url, entries):
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
def test_an_entry_that_is_none_any_more_is_told_by_its_number(url, entries, strange):
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


def test_asvs_1_2_5_no_value_is_taken_for_an_operator(store):
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
def test_an_index_answers_in_the_order_that_is_shown(store, entries, wanted, index):
    cursor = entries.find(wanted).sort([("at", -1), ("_id", -1)])

    plan = str(cursor.explain()["queryPlanner"]["winningPlan"])

    assert f"'indexName': '{index}'" in plan
    assert "'SORT'" not in plan


def test_a_number_is_given_once_and_what_comes_after_it_is_not_added(store, entries):
    try:
        with pytest.raises(SequenceTaken) as refusal:
            store.append([document(7), document(3), document(8)])
        added = [entry["_id"] for entry in store.list_after(6, limit=9)]
    finally:
        entries.delete_many({"_id": {"$gt": 6}})

    assert added == [7]
    assert refusal.value.__cause__ is None


def test_an_event_is_added_once_whatever_its_number(store):
    [first] = store.list_after(0, limit=1)

    with pytest.raises(SequenceTaken):
        store.append([document(9, event=first["event"])])


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
    monkeypatch.setattr("db.mongo.audit_store._SELECTION_MS", 200)
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
    with socket.create_server(("127.0.0.1", 0)) as mongodb:
        port = mongodb.getsockname()[1]

        AuditStore(f"mongodb://127.0.0.1:{port}/x").close()

        mongodb.setblocking(False)
        with pytest.raises(BlockingIOError):
            mongodb.accept()
