"""Events reach the log exactly once and in order, whatever goes wrong meanwhile."""

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from db.models.audit import AuditEvent
from db.mongo.audit_store import AuditFilter, AuditStoreUnavailable, SequenceTaken
from db.postgres.identity import SYSTEM
from services.audit import chain
from services.audit.chain import ChainBroken
from services.audit.chain.entries import hash_of


class DyingStore:
    """A log whose MongoDB dies after this many entries of a batch."""

    def __init__(self, store, *, survives):
        self._store = store
        self._survives = survives

    def list_after(self, sequence, *, limit):
        return self._store.list_after(sequence, limit=limit)

    def append(self, documents):
        if self._survives:
            self._store.append(documents[: self._survives])
        raise AuditStoreUnavailable("It has died.")


class OvertakenStore(DyingStore):
    """A log to which the worker of another server ships at the same time."""

    def append(self, documents):
        self._store.append(documents[: self._survives])
        self._store.append(documents)


def test_events_are_numbered_from_one_and_no_longer_wait(log):
    log.happen(3)

    assert log.ship() == 3

    assert [entry["_id"] for entry in log.entries.find().sort("_id")] == [1, 2, 3]
    assert log.waiting() == 0
    assert log.head() == (3, log.entries.find_one({"_id": 3})["hash"])


def test_nothing_waiting_ships_nothing(log):
    assert log.ship() == 0
    assert log.entries.count_documents({}) == 0


def test_an_entry_says_all_that_the_event_said(log):
    ids = {name: uuid4() for name in ("actor_id", "session_id", "patient_id")}
    words = {
        "actor_role": "staff",
        "action": "patient:change",
        "outcome": "refused",
        "request_id": "r-1",
        "network": "192.0.2.7",
        "subject_kind": "document",
        "subject_id": "17",
        "reason": "Ärger",
    }
    details = {"ä.b": [1, None, {"$gt": 0.5}], "big": 10**30, "age": 1.0}
    at = datetime(2026, 11, 20, 9, 30, 0, 123456, tzinfo=UTC)
    log.happen(1, **ids, **words, details=details, at=at)

    log.ship()

    [entry] = log.store.find(AuditFilter())
    assert entry.sequence == 1
    assert {name: getattr(entry, name) for name in words} == words
    assert {name: getattr(entry, name) for name in ids} == ids
    assert entry.details == details
    assert entry.at == datetime(2026, 11, 20, 9, 30, 0, 123000, tzinfo=UTC)


def test_an_auditor_can_compute_the_hashes_without_our_code(log):
    log.happen(2, reason="ä", at=datetime(2026, 11, 20, 9, 30, tzinfo=UTC))
    log.ship()

    previous = "00" * 32
    for entry in log.entries.find().sort("_id"):
        digest = entry.pop("hash")
        for name in ("at", "shipped_at"):
            entry[name] = entry[name].isoformat().replace("+00:00", "Z")
        content = json.dumps(
            entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )
        assert entry["previous"] == previous
        assert sha256(content.encode()).hexdigest() == digest
        previous = digest


def test_batches_follow_each_other(log):
    log.happen(5)

    assert [log.ship(at_most=2) for _ in range(4)] == [2, 2, 1, 0]
    assert log.verify().checked == 5


@pytest.mark.parametrize("survives", [0, 1, 3, 5])
def test_a_mongodb_that_dies_within_a_batch_costs_nothing(log, survives):
    log.happen(5)

    with pytest.raises(AuditStoreUnavailable):
        log.ship(store=DyingStore(log.store, survives=survives))

    assert log.waiting() == 5
    log.ship_all()
    assert log.waiting() == 0
    assert len(log.entries.distinct("event")) == log.entries.count_documents({}) == 5
    assert log.verify().is_whole


def test_an_event_committed_late_does_not_confuse_what_was_begun(log):
    log.happen(2)
    # It takes its place in the queue now, and commits after those behind it.
    with log.database.writing(identity=SYSTEM) as slow:
        slow.execute(insert(AuditEvent.__table__).inline(), {"action": "patient:read"})
        log.happen(2)
        with pytest.raises(AuditStoreUnavailable):
            log.ship(store=DyingStore(log.store, survives=3))

    log.ship_all()

    assert len(log.entries.distinct("event")) == log.entries.count_documents({}) == 5
    assert log.verify().is_whole


def test_two_shippers_do_not_get_in_each_others_way(log):
    log.happen(3)

    with log.database.writing(identity=SYSTEM) as session:
        assert chain.ship(session, log.store) == 3
        assert log.ship() == 0

    assert log.ship() == 0
    assert log.verify().checked == 3


def test_a_shipper_that_was_overtaken_cannot_fork_the_chain(log):
    log.happen(4)

    with pytest.raises(SequenceTaken):
        log.ship(store=OvertakenStore(log.store, survives=2))

    log.ship_all()
    assert log.verify().checked == 4
    assert log.verify().is_whole


def test_what_somebody_else_wrote_into_the_log_stops_it(log):
    log.happen(1)
    log.ship()
    forged = log.entries.find_one() | {"_id": 2, "event": str(uuid4())}
    log.entries.insert_one(forged)
    log.happen(1)

    with pytest.raises(ChainBroken) as refusal:
        log.ship()

    assert refusal.value.sequence == 2
    assert log.waiting() == 1


def test_a_sound_entry_of_an_event_that_never_was_stops_it_too(log):
    log.happen(2)
    log.ship()
    # As if somebody who may add entries had made up the second one.
    log.set_head(1, log.entries.find_one({"_id": 1})["hash"])

    with pytest.raises(ChainBroken, match="Entry 2 was not written by Chartroom"):
        log.ship()


def test_an_entry_that_tells_a_waiting_event_differently_stops_it_too(log):
    log.happen(1)
    with pytest.raises(AuditStoreUnavailable):
        log.ship(store=DyingStore(log.store, survives=1))
    entry = log.entries.find_one()
    forged = entry | {"action": "patient:list"}
    log.entries.replace_one({"_id": 1}, forged | {"hash": hash_of(forged).hex()})

    assert log.verify().broken.sequence == 1
    with pytest.raises(ChainBroken, match="Entry 1 was not written by Chartroom"):
        log.ship()


def test_nothing_is_added_to_a_log_that_lacks_its_last_entry(log):
    """As if the disk of MongoDB had not been mounted, and a new one had begun."""
    log.happen(2)
    log.ship()
    entries = list(log.entries.find())
    log.entries.delete_many({})
    log.happen(1)

    with pytest.raises(ChainBroken, match="Entry 2 is missing"):
        log.ship()

    assert (log.waiting(), log.entries.count_documents({})) == (1, 0)
    log.entries.insert_many(entries)
    assert log.ship() == 1
    assert log.verify().is_whole


def test_a_log_that_was_sealed_to_begin_after_the_head_does(log):
    """As a site that was promoted without any of the log."""
    log.happen(2)
    log.ship()
    log.seal()
    log.entries.delete_many({})
    log.happen(2)

    with pytest.raises(AuditStoreUnavailable):
        log.ship(store=DyingStore(log.store, survives=1))
    log.ship_all()

    assert [entry["_id"] for entry in log.entries.find().sort("_id")] == [3, 4]
    assert log.waiting() == 0


def test_nothing_is_added_after_an_entry_that_was_replaced(log):
    log.happen(1)
    log.ship()
    log.entries.update_one({"_id": 1}, {"$set": {"hash": "00" * 32}})
    log.happen(1)

    with pytest.raises(ChainBroken, match="Entry 1 is another one than it was"):
        log.ship()

    assert log.waiting() == 1


def test_without_its_head_nothing_is_shipped(log):
    log.happen(1)
    log.as_owner("DELETE FROM audit_head")

    with pytest.raises(ChainBroken, match="The head of the audit log is gone"):
        log.ship()


def test_an_event_that_mongodb_could_not_take_is_refused_with_its_action(log):
    with pytest.raises(IntegrityError, match="audit_events_size"):
        log.happen(1, details={"words": "x" * 300_000})


def test_a_list_is_about_everybody_whom_it_showed(log):
    ada, bob = uuid4(), uuid4()
    log.happen(1, action="patient:list", details={"patients": [str(ada), str(bob)]})
    log.happen(1, patient_id=ada, details={"patients": [str(ada)]})
    log.happen(1, patient_id=uuid4(), details={"patients": "none"})
    log.ship()

    sequences = [
        entry.sequence for entry in log.store.find(AuditFilter(patient_id=ada))
    ]

    assert sequences == [2, 1]
    assert len(log.store.find(AuditFilter(patient_id=bob))) == 1


def test_how_long_the_oldest_event_waits_is_known(log):
    assert log.write(chain.waiting_seconds) == 0

    log.happen(1, at=datetime.now(UTC) - timedelta(minutes=2))
    log.happen(1)

    assert 120 <= log.write(chain.waiting_seconds) < 180
