"""The audit log is shipped in the background: whatever dies, each event once."""

import logging
import os
import signal
import threading
from contextlib import closing
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from pymongo import MongoClient
from sqlalchemy import insert, text

from db.files.seal_keys import SealKeyFile, SealKeys
from db.models.audit import AuditEvent
from db.mongo.audit_store import COLLECTION, AuditStore, AuditStoreUnavailable
from db.postgres import SYSTEM, Database
from jobs.audit import shipping
from services.audit import chain
from services.audit.chain import ChainBroken
from tests.browser.running import variables
from tests.conftest import fresh_database
from tests.kit.breaking import switch_over
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess

ROOT = Path(__file__).parents[3]
NO_KEYS = SealKeys(None, {})
_DEATHS = 5
_MOST_DEATHS = 40
_MORE = 10_000


@pytest.fixture
def store(endpoints):
    with closing(AuditStore(endpoints.audit_url)) as store:
        yield store


class Failing:
    """A log that fails with this error, as long as it is set."""

    def __init__(self, store, error):
        self.error = error
        self._store = store

    def __getattr__(self, name):
        if self.error:
            raise self.error
        return getattr(self._store, name)


def happen(database, count):
    event = {"action": "patient:read", "details": {"n": "x" * 100}}
    statement = insert(AuditEvent.__table__).inline()
    database.write(lambda s: s.execute(statement, [event] * count), identity=SYSTEM)


def verify(database, store):
    return chain.verify(database, store, NO_KEYS)


def test_what_happens_gets_into_the_log_by_itself(database, store):
    with shipping.shipping(database, store):
        happen(database, 3)
        eventually(lambda: verify(database, store).checked == 3)
        happen(database, 1)
        eventually(lambda: verify(database, store).checked == 4)


def test_nothing_is_shipped_once_the_block_has_ended(database, store):
    with shipping.shipping(database, store):
        (shipper,) = (t for t in threading.enumerate() if t.name == "audit shipping")

    assert eventually(lambda: not shipper.is_alive())
    happen(database, 1)
    assert verify(database, store).waiting == 1


def test_it_looks_each_second_and_more_seldom_while_that_fails(monkeypatch):
    pauses, outcomes = [], iter([True, *[False] * 6, True])
    shipper = shipping.Shipper(None, None)

    class Stopping(Event):
        def wait(self, seconds):
            pauses.append(seconds)
            return len(pauses) > 8

    monkeypatch.setattr(shipper, "attempt", lambda _: next(outcomes))

    shipper.run(Stopping())

    assert pauses == [1, 1, 2, 4, 8, 16, 30, 30, 1]


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (AuditStoreUnavailable("x"), "not shipped: AuditStoreUnavailable"),
        (ChainBroken(7, "Entry 7 is missing."), "not shipped: Entry 7 is missing."),
        (KeyError("Rosa"), "not shipped: KeyError"),
    ],
    ids=["MongoDB is away", "the chain is broken", "a mistake of ours"],
)
def test_a_failure_is_told_and_shipping_goes_on_after_it(
    database, store, caplog, error, sentence
):
    happen(database, 2)
    failing = Failing(store, error)
    shipper = shipping.Shipper(database, failing)

    with caplog.at_level(logging.INFO):
        assert not shipper.attempt(Event())
        failing.error = None
        assert shipper.attempt(Event())

    assert sentence in caplog.text
    assert verify(database, store).checked == 2


def test_the_same_failure_is_told_once(database, store, caplog):
    happen(database, 1)
    shipper = shipping.Shipper(database, Failing(store, AuditStoreUnavailable("x")))

    for _ in range(3):
        shipper.attempt(Event())

    assert caplog.text.count("The audit log is not shipped") == 1


class Breakable:
    """A database of a cluster that may be broken, and its log."""

    def __init__(self, endpoints, mongo_url, folder):
        self.database = Database(endpoints)
        self.store = AuditStore(endpoints.audit_url)
        self._endpoints = endpoints
        self._folder = folder
        self._client = MongoClient[dict[str, Any]](mongo_url)
        name = endpoints.audit_url.partition("?")[0].rpartition("/")[2]
        self.entries = self._client[name][COLLECTION]

    def close(self):
        self.database.close()
        self.store.close()
        self._client.close()

    def start_worker(self):
        """Start a worker as the launcher does."""
        return WarmProcess(
            ["dashboard", "worker"],
            cwd=ROOT,
            env=os.environ | variables(self._endpoints, self._folder),
            output=self._folder / "log",
        )

    def count(self):
        return self.entries.count_documents({})

    def waiting(self):
        def count(session):
            return session.scalar(text("SELECT count(*) FROM audit_events"))

        return self.database.read_latest(count, identity=SYSTEM).value

    def assert_each_event_is_there_once(self, expected):
        assert self.waiting() == 0
        assert self.count() == len(self.entries.distinct("event")) == expected
        # If a worker has sealed it, then with a key that it made here.
        keys = SealKeyFile(self._folder / "secrets/audit.key", may_be_made=True).read()
        verdict = chain.verify(self.database, self.store, keys)
        assert verdict.is_whole, verdict.sentence
        assert verdict.checked == expected


@pytest.fixture
def audited(breakable, tmp_path):
    """A fresh database on the cluster of this run."""
    with fresh_database(breakable.addresses) as endpoints:
        url = breakable.addresses.mongo.admin_url
        with closing(Breakable(endpoints, url, tmp_path)) as audited:
            yield audited


@pytest.mark.cluster
def test_a_worker_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(audited):
    total = 30_000
    happen(audited.database, total)
    deaths = deaths_within = 0

    while deaths < _DEATHS or not deaths_within:
        # Where a kill strikes is chance: as many as it takes, with something to ship.
        assert deaths < _MOST_DEATHS
        if (reached := audited.count()) == total:
            happen(audited.database, _MORE)
            total += _MORE
        worker = audited.start_worker()
        try:
            eventually(lambda reached=reached: audited.count() > reached)
        finally:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
        deaths += 1
        # What is in the log and still waits was cut off between the two databases.
        deaths_within += audited.count() + audited.waiting() > total

    worker = audited.start_worker()
    try:
        eventually(lambda: audited.waiting() == 0)
    finally:
        worker.terminate()
        worker.wait(20)
    audited.assert_each_event_is_there_once(total)


@pytest.mark.cluster
def test_a_mongodb_killed_in_the_middle_of_a_batch_loses_and_doubles_nothing(
    breakable, audited
):
    total = 20_000
    happen(audited.database, total)

    with shipping.shipping(audited.database, audited.store):
        for number in range(1, 5):
            reached = number * total // 8
            eventually(lambda reached=reached: _survives(audited.count) > reached)
            _mongod(breakable).kill()
        eventually(lambda: _survives(audited.waiting, 1) == 0, seconds=120)

    audited.assert_each_event_is_there_once(total)


def _survives(count, otherwise=0):
    """Ask a server that may be dead at this instant."""
    try:
        return count()
    except Exception:
        return otherwise


def _mongod(cluster):
    return next(p for p in cluster.processes() if Path(p.exe()).name == "mongod")


@pytest.mark.cluster
def test_shipping_follows_the_primary(breakable, audited):
    total = 10_000
    happen(audited.database, total)

    with shipping.shipping(audited.database, audited.store):
        eventually(lambda: audited.count() > total // 4)
        switch_over(breakable)
        eventually(lambda: _survives(audited.waiting, 1) == 0, seconds=120)

    audited.assert_each_event_is_there_once(total)
