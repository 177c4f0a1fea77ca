"""The worker follows the primary."""

import os
import signal
from pathlib import Path

import pytest
from sqlalchemy import text

from db.postgres import Database
from tests.conftest import fresh_database
from tests.kit.breaking import switch_over
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess

ROOT = Path(__file__).parents[3]


def _worker(endpoints, folder):
    variables = os.environ | {
        "CHARTROOM_DATABASE_URL": endpoints.database_url,
        "CHARTROOM_MONGO_URL": endpoints.mongo_url,
        "CHARTROOM_AUDIT_MONGO_URL": endpoints.audit_url,
        "CHARTROOM_REPLICA_URLS": ",".join(
            f"{name}={url}" for name, url in endpoints.replica_urls.items()
        ),
        "CHARTROOM_DATA": str(folder),
        # Otherwise it would start with a key file for documents only.
        "CHARTROOM_DEMO": "true",
    }
    words, log = ["dashboard", "worker"], folder / "log"
    return WarmProcess(words, cwd=ROOT, env=variables, output=log)


def _ask(database, question):
    with database.writing() as session:
        return session.scalar(text(question))


def _last_beat(database):
    return _ask(database, "SELECT max(last_heartbeat) FROM procrastinate_workers")


def _is_listening(database):
    """Return whether the worker has started, and waits for jobs."""
    return _ask(
        database,
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND query LIKE 'LISTEN \"procrastinate%'",
    )


def test_a_worker_beats_and_stops_when_it_is_told(endpoints, tmp_path):
    database = Database(endpoints)
    process = _worker(endpoints, tmp_path)
    try:
        eventually(lambda: _last_beat(database))
        process.send_signal(signal.SIGTERM)
        assert process.wait(15) == 0
        assert _ask(database, "SELECT count(*) FROM procrastinate_workers") == 0
    finally:
        process.kill()
        process.wait()
        database.close()


@pytest.mark.cluster
def test_a_worker_goes_on_after_a_switchover(breakable, tmp_path):
    with fresh_database(breakable.addresses) as endpoints:
        database = Database(endpoints)
        process = _worker(endpoints, tmp_path)
        try:
            eventually(lambda: _is_listening(database))
            switch_over(breakable)
            # The new primary already has what was written to the former one.
            before = _ask(database, "SELECT clock_timestamp()")
            eventually(lambda: _last_beat(database), lambda at: at and at > before)
            assert process.poll() is None
        finally:
            process.terminate()
            process.wait(20)
            database.close()
