"""One worker observes the servers, and records what it has seen."""

from contextlib import ExitStack, closing
from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace
from uuid import uuid4

import pytest
from sqlalchemy import select, text, update

from db.cluster.observing import Observer
from db.models.replication import (
    Alert,
    AlertNotification,
    AlertRule,
    ClusterOperation,
    ReplicationSample,
)
from db.postgres import SYSTEM, Database, Lsn
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.monitor_writer import MonitorWriter
from jobs.cluster.sampling import Sampler, sampling
from jobs.worker.leadership import AdvisoryLockLeader
from services.cluster.alerts import Post
from services.cluster.monitoring import LeaderChange
from tests.db.cluster.observing.snapshots import primary, snapshot
from tests.kit.gateway import gateway
from tests.kit.waiting import eventually


@pytest.fixture
def database(endpoints):
    with closing(Database(endpoints, retry_seconds=1)) as database:
        yield database


@pytest.fixture
def observer(endpoints):
    with closing(Observer(endpoints)) as observer:
        yield observer


def read(database, statement):
    rows = database.read_latest(lambda s: s.execute(statement).all(), identity=SYSTEM)
    return rows.value


def seen(database):
    return read(database, select(ReplicationSample.taken_at, ReplicationSample.node))


def change_rule(database, kind, **values):
    statement = update(AlertRule).where(AlertRule.kind == kind).values(**values)
    database.write(lambda session: session.execute(statement), identity=SYSTEM)


def warn_of_every_disk(database, hook):
    """Let each server's disk raise an alert at once, and send it to the webhook."""
    always = {"threshold": 0.0, "clear_threshold": 0.0, "for_seconds": 0}
    change_rule(database, "disk", **always, webhook_url=hook.url)


def test_every_server_is_seen_again_and_again(database, observer):
    with sampling(database, observer, Post()):
        eventually(lambda: len({at for at, _ in seen(database)}) >= 4)

    samples = seen(database)
    timestamps = sorted({at for at, _ in samples})
    assert {node for _, node in samples} == {"db-01", "db-02", "db-03"}
    assert len(samples) == 3 * len(timestamps)


def test_a_second_after_a_look_began_the_next_one_does(observer, monkeypatch):
    now, pauses, sampler = [100.0], [], Sampler(observer, Ledger())
    looks_take = iter([0.25, 3.0, 0.5])

    class Stopping(Event):
        def wait(self, seconds):
            pauses.append(seconds)
            return len(pauses) > 3

    def look():
        now[0] += next(looks_take)

    monkeypatch.setattr(sampler, "watch", look)
    clock = SimpleNamespace(monotonic=lambda: now[0])
    monkeypatch.setattr("jobs.cluster.sampling.time", clock)

    sampler.run(Stopping())

    assert pauses == [1.0, 0.75, 0.0, 0.5]


def test_of_several_workers_one_watches_and_the_next_takes_over(database, endpoints):
    with ExitStack() as stack:
        other = stack.enter_context(closing(Database(endpoints)))
        first, second = (
            AdvisoryLockLeader(database, "watch"),
            AdvisoryLockLeader(other, "watch"),
        )
        stack.callback(second.drop)

        assert (first.renew(), second.renew(), first.renew()) == (True, False, True)
        first.drop()
        eventually(second.renew)


def test_only_the_worker_that_leads_looks(database, endpoints, observer):
    with closing(Database(endpoints)) as other:
        leader = AdvisoryLockLeader(other, "chartroom.sampling")
        leader.renew()
        ledger = Ledger()
        writer, sampler = (
            MonitorWriter(database, ledger, Post()),
            Sampler(observer, ledger),
        )

        writer.attempt()
        sampler.watch()

        assert ledger.waiting() == ([], [], [])
        leader.drop()
        eventually(lambda: (writer.attempt(), ledger.is_leader)[1])
        sampler.watch()
        assert len(ledger.waiting()[0]) == 3


def test_without_a_primary_samples_wait_in_memory(database, observer):
    ledger = Ledger()
    writer, sampler = MonitorWriter(database, ledger, Post()), Sampler(observer, ledger)
    writer.attempt()
    database.close()
    nobody = _Leaderless(database)
    without = MonitorWriter(nobody, ledger, Post())

    sampler.watch()
    without.attempt()

    assert len(ledger.waiting()[0]) == 3
    writer.attempt()
    assert ledger.waiting()[0] == []


class _Leaderless:
    """A database in which no server is the primary."""

    def __init__(self, database):
        self._database = database

    def nodes(self):
        return ()

    def __getattr__(self, name):
        return getattr(self._database, name)


def test_an_alert_is_written_down_and_sent(database, observer):
    with gateway() as hook:
        warn_of_every_disk(database, hook)
        with sampling(database, observer, Post(clinic="Elm")):
            eventually(lambda: len(hook.got) == 3)

    assert {message["body"]["kind"] for message in hook.got} == {"disk"}
    assert {message["body"]["node"] for message in hook.got} == {
        "db-01",
        "db-02",
        "db-03",
    }
    assert len(read(database, select(Alert.id).where(Alert.ended_at.is_(None)))) == 3
    sent = select(AlertNotification.id).where(AlertNotification.sent_at.is_not(None))
    assert len(read(database, sent)) == 3


def test_without_a_primary_an_alert_is_sent_all_the_same_and_once(database, observer):
    with gateway() as hook:
        warn_of_every_disk(database, hook)
        ledger = Ledger()
        writer, sampler = (
            MonitorWriter(database, ledger, Post()),
            Sampler(observer, ledger),
        )
        writer.attempt()
        sampler.watch()
        without = MonitorWriter(_Leaderless(database), ledger, Post())

        without.attempt()
        assert len(hook.got) == 3
        writer.attempt()
        writer.attempt()

    assert len(hook.got) == 3
    sent = select(AlertNotification.id).where(AlertNotification.sent_at.is_not(None))
    assert len(read(database, sent)) == 3


def test_another_worker_goes_on_with_the_alerts_that_are_open(database, observer):
    ours = {"threshold": 0.0, "clear_threshold": 0.0, "for_seconds": 0}
    change_rule(database, "disk", **ours)
    for _ in range(2):
        ledger = Ledger()
        writer, sampler = (
            MonitorWriter(database, ledger, Post()),
            Sampler(observer, ledger),
        )
        eventually(lambda: (writer.attempt(), ledger.is_leader)[1])  # noqa: B023
        sampler.watch()
        writer.attempt()
        writer._leader.drop()

    assert len(read(database, select(Alert.id))) == 3


def test_a_failover_that_nobody_asked_for_is_history(database):
    now = datetime.now(UTC) - timedelta(seconds=30)
    change = LeaderChange(now, now + timedelta(seconds=2.5), "db-01", "db-02", 4, 5)
    ledger = Ledger()
    ledger.is_leader = True
    writer = MonitorWriter(database, ledger, Post())
    for _ in range(2):
        ledger.add_change(change)
        writer.attempt()

    rows = read(database, select(ClusterOperation.kind, ClusterOperation.new_primary))
    assert rows == [("failover", "db-02")]


def test_a_switchover_explains_the_change_that_it_made(database):
    def begin(session):
        session.add(
            ClusterOperation(
                kind="switchover", actor_id=uuid4(), actor_name="Ann", reason="Testing."
            )
        )

    database.write(begin, identity=SYSTEM)
    now = datetime.now(UTC) - timedelta(seconds=30)
    ledger = Ledger()
    ledger.is_leader = True
    ledger.add_change(
        LeaderChange(now, now + timedelta(seconds=2), "db-01", "db-02", 4, 5)
    )

    MonitorWriter(database, ledger, Post()).attempt()

    assert ledger.waiting()[2] == []
    assert read(database, select(ClusterOperation.kind)) == [("switchover",)]


@pytest.mark.parametrize(
    ("left_at", "lost"),
    [(900, 100), (1000, 0), (1200, 0)],
    ids=["some", "none", "more"],
)
def test_the_log_that_went_with_the_former_primary_is_written_down(
    database, left_at, lost
):
    now = datetime.now(UTC)
    change = LeaderChange(now, now, "db-01", "db-02", 4, 5, former_lsn=Lsn(1000))
    ledger = Ledger()
    ledger.is_leader = True
    ledger.add_change(change)
    writer = MonitorWriter(database, ledger, Post())

    writer.attempt()
    assert len(ledger.waiting()[2]) == 1
    ledger.add_samples(snapshot(primary(), timeline_ends={4: Lsn(left_at)}), ())
    writer.attempt()

    assert read(database, select(ClusterOperation.lost_bytes)) == [(lost,)]


class _Onlooker:
    """A slow mail server; meanwhile somebody else reads the row."""

    def __init__(self, database):
        self.database = database
        self.seen = []

    def send(self, _email):
        def lock(session):
            session.execute(text("SET LOCAL lock_timeout = '3s'"))
            row = session.scalars(select(AlertNotification).with_for_update()).one()
            return row.sent_at, row.send_at > datetime.now(UTC)

        self.seen.append(self.database.write(lock, identity=SYSTEM).value)


def test_no_transaction_waits_for_the_mail_server_of_an_alert(database):
    def alert(session):
        raised = Alert(kind="lag", sentence="db-02 is 34 s behind.")
        session.add(raised)
        session.flush()
        address = {"channel": "mail", "address": "ann@example.org"}
        session.add(AlertNotification(alert_id=raised.id, news="began", **address))

    database.write(alert, identity=SYSTEM)
    onlooker = _Onlooker(database)

    MonitorWriter(database, Ledger(), Post(onlooker))._send()

    # Not sent, but claimed, so that nobody else sends it meanwhile.
    assert onlooker.seen == [(None, True)]
    assert read(database, select(AlertNotification.sent_at))[0].sent_at
