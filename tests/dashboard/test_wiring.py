"""Settings lead to the servers that they name, or to the running cluster."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from dashboard import wiring
from db import embedded
from db.cluster import observing
from db.embedded import Addresses, DataFolder
from db.embedded.processes import child_processes
from db.endpoints import Endpoints
from db.postgres import DatabaseUnavailable, DelayedStandbys
from db.settings import Settings
from services.pdf import inspecting
from tests.kit.waiting import eventually


@pytest.fixture
def external(endpoints: Endpoints) -> Settings:
    """Settings that name the shared cluster's servers as a clinic's own."""
    return Settings(
        database_url=endpoints.database_url,
        replica_urls=endpoints.replica_urls,
        mongo_url=endpoints.mongo_url,
        audit_mongo_url=endpoints.audit_url,
    )


@pytest.fixture
def _no_wiring(monkeypatch):
    monkeypatch.setattr(wiring, "_current", [])


def receipts(session):
    return session.execute(text("SELECT count(*) FROM write_receipts")).scalar_one()


def test_servers_that_are_set_are_used(external):
    with closing(wiring.connect(external)) as wired:
        assert wired.database.read(receipts).served.role == "replica"
        assert wired.files.ping() > 0


def test_settings_reach_the_pools(external):
    tight = {"pool_size": 1, "pool_overflow": 0, "pool_timeout_seconds": 0.1}
    with (
        closing(wiring.connect(external.model_copy(update=tight))) as wired,
        wired.database.writing(),
        pytest.raises(DatabaseUnavailable),
    ):
        wired.database.write(receipts)


def test_without_servers_or_cluster_it_says_what_to_start(tmp_path):
    with pytest.raises(wiring.NotRunning, match="script/server"):
        wiring.connect(Settings(data=tmp_path))


@pytest.mark.usefixtures("_no_wiring")
def test_a_process_has_one_wiring_however_many_ask_at_once(external, monkeypatch):
    monkeypatch.setattr(wiring, "Settings", lambda: external)

    with ThreadPoolExecutor(8) as threads:
        wirings = list(threads.map(lambda _: wiring.current(), range(8)))

    assert len({id(wired) for wired in wirings}) == 1
    wirings[0].close()


@pytest.mark.usefixtures("_no_wiring")
def test_a_process_may_choose_its_wiring(external):
    with closing(wiring.connect(external)) as wired:
        wiring.use(wired)

        assert wiring.current() is wired


def test_a_command_leaves_the_servers_that_are_set_as_they_are(external):
    with wiring.attached(external) as wired:
        assert wired.database.read(receipts).value == 0


@pytest.mark.cluster
def test_a_command_starts_the_cluster_for_itself_if_none_runs(tmp_path: Path):
    settings = Settings(data=tmp_path)

    with wiring.attached(settings, may_create=True) as wired:
        assert wired.database.read_latest(receipts).value == 0
        assert embedded.running(tmp_path) is not None
        with wiring.attached(settings) as second:
            assert second.endpoints == wired.endpoints

    assert embedded.running(tmp_path) is None


def test_a_command_that_needs_a_clinic_makes_none_where_there_is_none(tmp_path: Path):
    there = tmp_path / "mistyped"

    with (
        pytest.raises(embedded.CannotStart, match=r"no clinic in .*/mistyped: name"),
        wiring.attached(Settings(data=there)),
    ):
        pass

    assert not there.exists()


def test_the_running_cluster_is_found_by_its_folder(addresses: Addresses, monkeypatch):
    monkeypatch.setattr(embedded, "running", lambda _: addresses.endpoints)

    with closing(wiring.connect(Settings())) as wired:
        assert wired.endpoints == addresses.endpoints


def test_a_member_is_made_once_however_many_ask_at_once(external, monkeypatch):
    made = []

    class Slow(DelayedStandbys):
        def __init__(self, endpoints):
            made.append(self)
            # Long enough for all the others to ask.
            time.sleep(0.1)
            super().__init__(endpoints)

    monkeypatch.setattr(wiring, "DelayedStandbys", Slow)
    with (
        closing(wiring.connect(external)) as wired,
        ThreadPoolExecutor(8) as threads,
    ):
        standbys = set(threads.map(lambda _: wired.delayed_standbys, range(8)))

    assert [*standbys] == made


def test_a_process_hears_of_all_changes_over_one_connection(external):
    connections = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        " AND application_name = 'chartroom listener'"
    )
    with closing(wiring.connect(external)) as wired:
        assert wired.document_lists
        assert wired.visit_caches
        for channel in ("documents", "visits"):
            eventually(wired.changes.listener(channel).change_mark)

        made = wired.database.read_latest(lambda session: session.scalar(connections))

    assert made.value == 1


def test_what_nobody_asked_for_is_neither_made_nor_closed(external, monkeypatch):
    def refuse(*_):
        raise AssertionError("Nobody asked for it.")

    monkeypatch.setattr(wiring, "DelayedStandbys", refuse)
    monkeypatch.setattr(inspecting, "PdfInspector", refuse)

    wiring.connect(external).close()


def test_members_work_with_the_new_servers_whether_made_before_or_after(
    external, monkeypatch
):
    class Monitor:
        def __init__(self, endpoints):
            self.adopt(endpoints)

        def adopt(self, endpoints):
            self.endpoints = endpoints

        def close(self): ...

    monkeypatch.setattr(observing, "ClusterMonitor", Monitor)
    with (
        closing(wiring.connect(external)) as early,
        closing(wiring.connect(external)) as late,
    ):
        newer = replace(early.endpoints, replica_urls={})
        assert early.monitor.endpoints != newer
        for wired in (early, late):
            wired.adopt(newer)

        assert early.monitor.endpoints == late.monitor.endpoints == newer


def test_servers_that_a_command_started_end_with_it(tmp_path: Path):
    folder = DataFolder(tmp_path / "data")
    places = (folder.etcd, folder.mongo, folder.postgres)
    nobodys = {k: v for k, v in os.environ.items() if not k.startswith("CHARTROOM_")}
    command = subprocess.Popen(
        [sys.executable, "-m", "dashboard", "migrate", "--data", str(folder.path)],
        cwd=Path(__file__).parents[2],
        env=nobodys,
    )
    try:
        eventually(lambda: child_processes.find(*places), seconds=120)
        command.terminate()
        command.wait(timeout=120)

        assert child_processes.find(*places) == []
    finally:
        command.kill()
        command.wait()
        child_processes.kill(child_processes.find(*places))
