"""Seconds are counted once, whoever is away, and a burning budget raises an alert."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import select

from db.models.replication import AvailabilitySample
from db.postgres import SYSTEM, Database
from jobs.cluster.availability import AvailabilityCounter, WebProbe
from jobs.cluster.monitor_ledger import Ledger
from jobs.cluster.monitor_writer import MonitorWriter
from services.cluster.alerts import Post
from services.cluster.performance import SecondsCounted
from tests.kit.own_authority import (
    in_the_machines_store,
    own_certificate,
    serving_with,
)
from tests.kit.waiting import eventually

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def _kept(database: Database) -> list[tuple[int, int, int, int]]:
    row = AvailabilitySample
    columns = (
        row.up_seconds,
        row.down_seconds,
        row.web_down_seconds,
        row.database_down_seconds,
    )
    rows = database.read_newest(
        lambda session: list(
            map(tuple, session.execute(select(*columns).order_by(row.starts_at)))
        ),
        identity=SYSTEM,
    )
    return rows.value


def test_a_second_is_counted_once_and_for_its_own_five_minutes():
    counter = AvailabilityCounter()

    for seconds in (0, 0.4, 1.1, 299.9, 300.2):
        counter.count(NOON + timedelta(seconds=seconds), web=True, database=True)
    counter.count(NOON + timedelta(seconds=301), web=False, database=True)

    assert counter.waiting() == {
        NOON: SecondsCounted(up=3),
        NOON + timedelta(minutes=5): SecondsCounted(up=1, down=1, web_down=1),
    }


def test_what_is_counted_while_others_are_written_down_is_not_lost():
    counter = AvailabilityCounter()
    counter.count(NOON, web=True, database=True)
    written = counter.waiting()
    counter.count(NOON + timedelta(seconds=1), web=True, database=False)

    counter.forget(written)

    assert counter.waiting() == {NOON: SecondsCounted(down=1, database_down=1)}


def test_a_minute_away_in_an_hour_burns_the_budget_too_fast():
    counter = AvailabilityCounter(objective=0.999)
    for second in range(60):
        counter.count(NOON + timedelta(seconds=second), web=True, database=False)

    assert counter.burn_rate(NOON + timedelta(minutes=1)) == pytest.approx(16.7, 0.01)
    assert counter.burn_rate(NOON + timedelta(minutes=62)) == 0


def test_the_leader_writes_down_what_was_counted_and_adds_to_it(database: Database):
    counter = AvailabilityCounter()
    writer = MonitorWriter(database, Ledger(), Post(), counter)
    counter.count(NOON, web=True, database=True)
    writer.attempt()
    counter.count(NOON + timedelta(seconds=1), web=False, database=False)
    writer.attempt()

    assert _kept(database) == [(1, 1, 1, 1)]
    assert counter.waiting() == {}


class _Health(BaseHTTPRequestHandler):
    status = 200

    def do_GET(self) -> None:
        assert self.headers["Host"] == "localhost"
        self.send_response(type(self).status)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


class _HealthOverTls(_Health):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()


@contextmanager
def _web_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Health) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/health"
        server.shutdown()


@contextmanager
def _web_server_with_tls(certificate: Path, host: str) -> Iterator[str]:
    with HTTPServer((host, 0), _HealthOverTls) as server:
        tls = serving_with(certificate)
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://{host}:{server.server_port}/health"
        server.shutdown()


def test_one_web_server_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("jobs.cluster.availability._PROBE_SECONDS", 0.02)
    monkeypatch.setattr(_Health, "status", 503)
    stopping = Event()
    with _web_server() as address:
        probe = WebProbe(("http://127.0.0.1:1/health", address))
        watching = Thread(target=probe.run, args=[stopping])
        watching.start()
        # It has never been up, so it does not count as down.
        assert not stopping.wait(0.2)
        assert probe.is_up is None
        monkeypatch.setattr(_Health, "status", 200)
        eventually(lambda: probe.is_up)
        monkeypatch.setattr(_Health, "status", 503)
        eventually(lambda: probe.is_up is False)
        stopping.set()
        watching.join()


def _is_seen(address: str) -> bool:
    """Return whether a probe sees the web server; raises AssertionError if not."""
    stopping, probe = Event(), WebProbe((address,))
    watching = Thread(target=probe.run, args=[stopping], daemon=True)
    watching.start()
    try:
        eventually(lambda: probe.is_up)
    finally:
        stopping.set()
        watching.join()
    return bool(probe.is_up)


@pytest.mark.skipif(sys.platform != "linux", reason="only there 127.0.0.2 is local")
def test_the_fronts_own_certificate_does_for_any_address_of_this_machine(
    tmp_path: Path,
):
    with _web_server_with_tls(own_certificate(tmp_path), "127.0.0.2") as address:
        assert _is_seen(address)


def test_a_web_server_elsewhere_may_have_a_certificate_of_the_clinics_authority(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("jobs.cluster.availability._is_this_machine", lambda _: False)
    certificate = own_certificate(tmp_path)
    with (
        _web_server_with_tls(certificate, "127.0.0.1") as address,
        in_the_machines_store(certificate),
    ):
        assert _is_seen(address)
