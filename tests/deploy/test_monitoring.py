"""Prometheus' alerts and Grafana's panels use metrics of /metrics and no others."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from api.cluster.metrics import SpoolMetrics
from api.cluster.server_metrics import ServerMetrics
from dashboard.web.log import request_log
from db.backups.copies.copy_notes import CopyNote, write_copy_note
from db.backups.recovery_kit import KitNote, write_note
from db.backups.repository import Repository
from db.backups.strays import FileSweep, note_sweep
from db.cluster.observing import Behind, SlotSnapshot
from db.cluster.statements import StatementTotals
from db.files.file_keys import FileKeys
from db.spool import Waiting
from services.cluster.monitoring.counts import Counts
from services.documents.records import ingest
from tests.db.cluster.observing.snapshots import (
    NOON,
    primary,
    replica,
    silent,
    snapshot,
)
from tests.kit import backup_logs, backup_sets

DEPLOY = Path(__file__).parents[2] / "deploy"
BOARD = DEPLOY / "grafana" / "dashboards" / "chartroom.json"
RULES = DEPLOY / "prometheus" / "rules.yml"
COUNTS = Counts({"lag": 1}, {("switchover", "done"): 2}, {("crash", "kept"): 3}, 1.25)
EVERYTHING: dict[str, Any] = {
    "connections": 9,
    "connections_max": 200,
    "pool_busy": 1,
    "pool_open": 2,
    "disk_free_bytes": 50,
    "disk_total_bytes": 100,
    "slots": (SlotSnapshot("db_02", True, 7),),
    "started_at": NOON,
    "clock_skew_seconds": 0.5,
    "conflicts": 3,
    "wal_bytes_per_second": 4.0,
    "longest_transaction_seconds": 5.0,
}


STATEMENTS = {"db-01": StatementTotals(7, 1500.0, None)}
KEPT = Waiting(7, NOON - timedelta(minutes=2), 1)


def scrape(seen, counts=None, kept=KEPT):
    registry = CollectorRegistry()
    registry.register(ServerMetrics(seen, counts, STATEMENTS))
    registry.register(SpoolMetrics(kept, NOON))
    return generate_latest(registry).decode()


WHOLE = scrape(
    snapshot(primary(**EVERYTHING), replica(lag=2.5, missing=9), silent()), COUNTS
)
assert ingest.UPLOAD_SECONDS
# Each process counts these itself; a route appears after its first request.
request_log.REQUESTS.labels("GET", "/health", 200).inc()
request_log.SECONDS.labels("GET", "/health").observe(0.01)


def scrape_backups():
    """Return the metrics of a repository with a set, its log and a proof."""
    with TemporaryDirectory() as folder:
        repository = Repository(Path(folder))
        backup_sets.add_set(repository)
        repository.add_proof(backup_sets.DRILLED)
        write_note(repository.folder, KitNote(NOON, {}))
        keys = FileKeys(Path(folder) / "file.keys", may_be_made=True)
        backup_logs.note(backup_logs.archive_of(repository, keys), NOON)
        write_copy_note(repository.folder, CopyNote("s3://bucket", NOON, NOON))
        note_sweep(repository.folder, FileSweep(NOON, 0))
        place, later = "s3://bucket", backup_sets.PROOF.proved_at
        return backup_sets.metrics_of(repository, keys, later, place)


METRICS = WHOLE + generate_latest().decode() + scrape_backups()
NAMES = set(re.findall(r"^(chartroom_\w+)(?:\{| )", METRICS, re.MULTILINE))
BOUNDS = set(re.findall(r'^(chartroom_\w+)\{le="([^"]+)"\}', METRICS, re.MULTILINE))


def metrics_in(text):
    return set(re.findall(r"\bchartroom_\w+", text))


def test_alarms_ask_for_what_is_told():
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]

    assert set().union(*(metrics_in(rule["expr"]) for rule in rules)) <= NAMES


def test_each_alarm_says_what_to_do_and_names_papers_that_there_are():
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]

    assert [
        each["alert"] for each in rules if "description" not in each["annotations"]
    ] == []
    papers = set(re.findall(r"docs/[\w/-]+\.md", RULES.read_text()))
    assert papers
    assert [each for each in papers if not (DEPLOY.parent / each).is_file()] == []


def test_alarms_of_histograms_ask_for_a_bound_that_there_is():
    # Prometheus does not report an unknown bound: the alert would never fire.
    bounds = set(re.findall(r'(chartroom_\w+)\{le="([^"]+)"\}', RULES.read_text()))

    assert bounds
    assert bounds <= BOUNDS


def test_panels_ask_for_what_is_told():
    board = json.loads(BOARD.read_text())

    for panel in board["panels"]:
        for target in panel["targets"]:
            assert metrics_in(target["expr"]) <= NAMES, panel["title"]
    (marks,) = board["annotations"]["list"]
    assert metrics_in(marks["expr"]) <= NAMES


def test_whatever_an_alarm_asks_of_backups_has_a_panel():
    rules = yaml.safe_load(RULES.read_text())["groups"][0]["rules"]
    metrics = set().union(*(metrics_in(rule["expr"]) for rule in rules))
    panels = json.loads(BOARD.read_text())["panels"]
    drawn = {
        name
        for panel in panels
        for target in panel["targets"]
        for name in metrics_in(target["expr"])
    }

    of_backups = {name for name in metrics if name.startswith("chartroom_backup_")}

    assert len(of_backups) > 10
    assert of_backups <= drawn


def test_panels_do_not_lie_on_each_other():
    taken = set()
    for panel in json.loads(BOARD.read_text())["panels"]:
        at = panel["gridPos"]
        fields = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not fields & taken, panel["title"]
        assert at["x"] + at["w"] <= 24
        taken |= fields


@pytest.mark.parametrize(
    "line",
    [
        "chartroom_cluster_safe 0.0",
        "chartroom_cluster_quorum 1.0",
        'chartroom_node_up{node="db-03"} 0.0',
        'chartroom_node_is_primary{node="db-01"} 1.0',
        'chartroom_node_streaming{node="db-02"} 1.0',
        'chartroom_node_lag_seconds{node="db-02",stage="replay"} 2.5',
        'chartroom_node_lag_bytes{node="db-02",stage="replay"} 9.0',
        'chartroom_node_slot_retained_bytes{node="db-01",slot="db_02"} 7.0',
        'chartroom_alerts_open{kind="lag"} 1.0',
        'chartroom_cluster_operations{kind="switchover",state="done"} 2.0',
        'chartroom_drills{kind="crash",state="kept"} 3.0',
        "chartroom_cluster_last_downtime_seconds 1.25",
        "chartroom_audit_spool_records 7.0",
        "chartroom_audit_spool_oldest_seconds 120.0",
        "chartroom_audit_spool_damaged_files 1.0",
    ],
)
def test_each_is_told_in_a_line(line):
    assert line in WHOLE.splitlines()


def test_an_empty_spool_is_no_age():
    lines = scrape(snapshot(primary()), kept=Waiting()).splitlines()

    assert "chartroom_audit_spool_records 0.0" in lines
    assert "chartroom_audit_spool_oldest_seconds 0.0" in lines


def test_what_is_not_known_is_not_told():
    seen = snapshot(silent("db-01"))

    assert "lag_seconds{" not in scrape(seen)
    assert "alerts_open" not in scrape(seen)
    unknown = replace(replica(), replay=Behind())
    assert 'stage="replay"' not in scrape(snapshot(primary(), unknown))


@pytest.mark.parametrize(
    "given",
    [("check", RULES), ("test", RULES.with_name("rules_test.yml"))],
    ids=["written", "tried"],
)
def test_prometheus_understands_the_alarms(given):
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not there; Debian has it in the package prometheus.")
    verb, file = given

    tried = subprocess.run(
        [program, verb, "rules", str(file)], capture_output=True, text=True, check=False
    )

    assert tried.returncode == 0, tried.stdout + tried.stderr
