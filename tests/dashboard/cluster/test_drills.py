"""A drill breaks a real server while people work, and measures what that cost."""

import json
from collections.abc import Iterator
from contextlib import closing

import pytest

from dashboard import wiring
from dashboard.cli import drilling
from dashboard.wiring import Wiring
from db import schema
from db.cluster.control_client import ControlRefused, ControlUnreachable
from db.embedded import Cluster
from db.embedded.faults.small_disk import SmallDisk
from db.files.gridfs import FileStoreUnavailable
from db.postgres import SYSTEM
from db.settings import Settings
from jobs.cluster.practice import (
    CannotDrill,
    drill,
    drill_run,
    drill_users,
    scenarios,
)
from jobs.cluster.practice.drill_run import DrillRun
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.core.actors import CONSOLE
from tests.browser.running import variables
from tests.kit import apart
from tests.kit.waiting import eventually


@pytest.fixture
def wired(breakable: Cluster) -> Iterator[Wiring]:
    """Chartroom on the embedded cluster that tests may break."""
    schema.bring_up_to_date(breakable.endpoints)
    settings = Settings(data=breakable.folder.path)
    with closing(wiring.connect(settings)) as wired:
        yield wired


@pytest.fixture(autouse=True)
def _hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten faults to a second; usually they last long enough to be watched."""
    monkeypatch.setattr(scenarios, "_AWAY_SECONDS", 1.0)


@pytest.fixture
def calm(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slow the drill's users to a clinic's pace in a drill that takes a minute.

    At their normal pace, which the other tests keep, they use a whole core all that
    time.
    """
    monkeypatch.setattr(drill_users, "_BREATH_SECONDS", 0.15)


def newest(wired: Wiring):
    records = wired.database.read_latest(
        lambda session: drills.list_drills(session, CONSOLE, limit=1), identity=SYSTEM
    )
    return records.value[0]


@pytest.mark.cluster
def test_a_crash_is_practised_told_line_by_line_and_kept(wired: Wiring):
    drill_id = wired.database.write(
        lambda s: drills.begin(s, CONSOLE, DrillKind.CRASH, session_id=None),
        identity=SYSTEM,
    ).value
    lines: list[str] = []

    drilling.practise(wired.settings, DrillKind.CRASH, drill_id, lines.append)

    record, steps = newest(wired), [json.loads(line) for line in lines]
    assert (record.id, record.lost, record.errors) == (drill_id, 0, 0)
    assert record.result["crossed"] == 0
    assert record.result["differing"] == []
    assert record.acknowledged > 50
    assert 0 < record.rto_seconds <= steps[-1]["seconds"]
    assert record.result["steps"] == steps[:-1]
    assert steps[-1]["result"]["state"] == record.state
    assert steps[-1]["result"]["sentence"] == record.sentence


@pytest.mark.cluster
def test_what_the_writers_of_a_drill_left_is_thrown_away(wired: Wiring):
    lines: list[str] = []
    noted: list[str | None] = []

    def hear(line: str) -> None:
        lines.append(line)
        if "Killing the Patroni of" in line:
            noted.append(newest(wired).node)

    drilling.practise(wired.settings, DrillKind.PATRONI_KILLED, None, hear)

    record = newest(wired)
    # The server is named in the history before anything is done to it.
    assert noted == [record.node]
    there = wired.database.read_latest(
        lambda session: drills.list_writes(session, record.id), identity=SYSTEM
    ).value
    assert (record.lost, record.result["crossed"], there) == (0, 0, frozenset())
    # Without --record the output is meant for people.
    assert any("none of" in line and "is lost" in line for line in lines)


@pytest.mark.cluster
@pytest.mark.parametrize(
    "error",
    [
        ControlRefused("db-02 leads: it has nothing to replay."),
        ControlUnreachable("The launcher of the databases does not answer."),
        FileStoreUnavailable("MongoDB does not answer."),
    ],
    ids=["refused", "no launcher", "no file store"],
)
def test_a_drill_that_breaks_off_has_ended_whatever_the_error_was(
    wired: Wiring, error: Exception, monkeypatch: pytest.MonkeyPatch
):
    def break_off(_: DrillRun) -> None:
        raise error

    monkeypatch.setattr(drill, "SCENARIOS", {DrillKind.FAR_BEHIND: break_off})

    assert not drilling.practise(wired.settings, DrillKind.FAR_BEHIND, None, [].append)

    record = newest(wired)
    assert record.state == "failed"
    assert str(error) in record.sentence


@pytest.mark.cluster
@apart.disks
def test_a_full_disk_is_practised_and_postgresqls_own_words_show_it(
    wired: Wiring, calm, monkeypatch: pytest.MonkeyPatch
):
    await_new_beginning = scenarios._await_new_beginning

    def look_seldom(run: DrillRun, before: str | None) -> None:
        """Look as seldom as on a busy machine, once the replica starts again."""
        await_new_beginning(run, before)
        monkeypatch.setattr(drill_run, "_LOOK_SECONDS", 3.0)

    monkeypatch.setattr(scenarios, "_await_new_beginning", look_seldom)

    drilling.practise(wired.settings, DrillKind.FULL_DISK, None, [].append)

    record = newest(wired)
    assert (record.lost, record.errors) == (0, 0), record.sentence
    assert "evidence" in record.result, record.sentence
    evidence = record.result["evidence"]
    assert evidence.startswith("With 0 bytes free")
    assert record.node in evidence
    assert "No space left on device" in evidence
    assert evidence in [step["sentence"] for step in record.result["steps"]]


@pytest.mark.cluster
@apart.disks
def test_a_disk_of_which_nothing_shows_that_it_was_full_keeps_no_promise(
    wired: Wiring, calm, monkeypatch
):
    lines: list[str] = []

    def stop_for_another_reason(disk: SmallDisk) -> None:
        """Stop the replica once it runs on its small disk."""
        eventually(
            lambda: any("Writing more than it can take" in x for x in lines),
            seconds=120,
        )
        disk.node.patroni.process.terminate()

    monkeypatch.setattr(SmallDisk, "_fill", stop_for_another_reason)

    drilling.practise(wired.settings, DrillKind.FULL_DISK, None, lines.append)

    record = newest(wired)
    assert record.state == "broken", record.sentence
    assert "nothing shows that the disk was full" in record.sentence
    assert any("There is no sign that it happened" in line for line in lines)


@pytest.mark.cluster
@apart.networks
def test_a_network_cut_is_practised_and_costs_no_more_than_a_pause(wired: Wiring, calm):
    drilling.practise(wired.settings, DrillKind.NETWORK_CUT, None, [].append)

    record = newest(wired)
    assert (record.lost, record.errors, record.result["crossed"]) == (0, 0, 0)
    assert record.result["differing"] == []
    assert 0 < record.rto_seconds <= record.result["steps"][-1]["seconds"]
    assert f"{record.node} is alone in a network" in record.result["evidence"]


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("kind", "sentence"),
    [
        (DrillKind.FULL_DISK, "does not let Chartroom mount a small disk"),
        (DrillKind.NETWORK_CUT, "does not let Chartroom create a network of its own"),
    ],
)
def test_what_the_machine_forbids_is_skipped_with_the_reason(
    wired: Wiring, tmp_path, monkeypatch, kind, sentence
):
    with apart.forbidden(tmp_path, monkeypatch):
        drilling.practise(wired.settings, kind, None, [].append)

    record = newest(wired)
    assert record.state == "skipped"
    assert record.sentence.startswith("Skipped: This machine")
    assert sentence in record.sentence
    assert "unshare failed: Operation not permitted" in record.sentence


def test_servers_of_somebody_elses_are_never_broken(endpoints, tmp_path, monkeypatch):
    for name, value in variables(endpoints, tmp_path).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(CannotDrill, match="CHARTROOM_TEST_CLUSTER_NAME"):
        drilling.practise(Settings(), DrillKind.CRASH, None, print)


def test_a_cluster_that_is_named_as_a_tests_may_be_broken(
    endpoints, tmp_path, monkeypatch
):
    for name, value in variables(endpoints, tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CHARTROOM_TEST_CLUSTER_NAME", "chartroom")

    with closing(wiring.connect(Settings())) as wired:
        drilling.require_breakable(wired)
