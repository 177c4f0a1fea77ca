"""Alerts begin and end by two thresholds and two spans, so that they do not flutter."""

from datetime import timedelta

import pytest

from db.cluster.observing import SlotSnapshot, Tags
from services.cluster.alerts import (
    AlertKind,
    BackupCondition,
    Judge,
    Measure,
    RuleRevision,
    measure,
)
from tests.db.cluster.observing.snapshots import (
    NOON,
    primary,
    replica,
    silent,
    snapshot,
)

RULE = RuleRevision(True, 10.0, 30.0, 2.0, 30.0, kind=AlertKind.LAG)
RULES = {AlertKind.LAG: RULE}


class Course:
    """A judge that gets a replica's lag again and again, a second apart."""

    def __init__(self, rules=None):
        self.judge = Judge()
        self.rules = rules or RULES
        self.seconds = 0
        self.changes = []

    def for_seconds(self, seconds, lag):
        for _ in range(seconds):
            self.seconds += 1
            measure_ = Measure(AlertKind.LAG, "db-02", lag, f"{lag} s behind")
            at = NOON + timedelta(seconds=self.seconds)
            self.changes += self.judge.judge(self.rules, [measure_], at)
        return [(change.what, change.at) for change in self.changes]


def at(seconds):
    return NOON + timedelta(seconds=seconds)


def test_what_is_over_the_bar_for_long_enough_begins_an_alert_once():
    course = Course()

    assert course.for_seconds(30, 11) == []
    assert course.for_seconds(60, 11) == [("began", at(31))]


def test_a_moment_below_the_bar_begins_the_count_anew():
    course = Course()

    course.for_seconds(29, 11)
    course.for_seconds(1, 9)

    assert course.for_seconds(30, 11) == []


def test_between_the_bars_an_alert_neither_begins_nor_ends():
    course = Course()
    course.for_seconds(31, 11)

    assert len(course.for_seconds(300, 5)) == 1
    assert course.for_seconds(31, 2)[1:] == [("ended", at(31 + 300 + 31))]


def test_an_alert_that_flutters_at_its_bar_stays_one_alert():
    course = Course()
    course.for_seconds(31, 11)

    for _ in range(50):
        course.for_seconds(2, 1)
        changes = course.for_seconds(2, 11)

    assert len(changes) == 1


def test_the_worst_is_remembered():
    course = Course()
    course.for_seconds(31, 11)
    course.for_seconds(3, 99)
    course.for_seconds(31, 0)

    assert [(change.what, change.value, change.worst) for change in course.changes] == [
        ("began", 11, 11),
        ("ended", None, 99),
    ]


def test_what_is_not_known_neither_begins_nor_ends_anything():
    course = Course()
    course.for_seconds(31, 11)

    assert len(course.for_seconds(100, None)) == 1


def test_a_rule_that_is_switched_off_ends_its_alerts():
    course = Course()
    course.for_seconds(31, 11)

    course.rules = {
        AlertKind.LAG: RuleRevision(False, 10, 30, 2, 30, kind=AlertKind.LAG)
    }

    assert course.for_seconds(1, 11)[1:] == [("ended", at(32))]


def test_a_server_that_was_removed_has_no_alerts_left():
    course = Course()
    course.for_seconds(31, 11)

    changes = course.judge.judge(RULES, [], at(32))

    assert [(change.what, change.node) for change in changes] == [("ended", "db-02")]


def measured(kind, seen, before=None):
    return {
        value.node: value.value for value in measure(seen, before) if value.kind is kind
    }


@pytest.mark.parametrize("is_held", [False, True], ids=["as usual", "held"])
def test_who_is_late_on_purpose_raises_no_alarm(is_held):
    tags = Tags(is_delayed=True, delayed_seconds=900)
    late = replica("db-03", lag=9000, tags=tags, is_replay_paused=is_held)

    assert measured(AlertKind.LAG, snapshot(primary(), replica(lag=3), late)) == {
        "db-02": 3,
        "db-03": None,
    }


def test_a_replica_is_gone_while_it_does_not_stream_but_not_while_nobody_leads():
    gone = AlertKind.REPLICA_GONE

    assert measured(gone, snapshot(primary(), replica(), silent())) == {
        "db-02": 0,
        "db-03": 1,
    }
    assert set(measured(gone, snapshot(replica(), silent())).values()) == {None}


@pytest.mark.parametrize(
    ("seen", "value"),
    [
        (snapshot(primary(), replica()), 0),
        (snapshot(primary(), replica(is_streaming=False)), 1),
        (snapshot(primary(), replica(sync="async"), acknowledgements=0), 0),
        (snapshot(silent("db-01"), replica()), 1),
    ],
    ids=["held", "nobody acknowledges", "waits for nobody", "nobody leads"],
)
def test_quorum_is_lost_when_commits_wait_for_nobody_who_answers(seen, value):
    assert measured(AlertKind.NO_QUORUM, seen) == {None: value}


def test_conflicts_count_since_the_look_before():
    before, after = (snapshot(primary(), replica(conflicts=n)) for n in (3, 5))

    assert measured(AlertKind.CONFLICT, after, before) == {"db-02": 2}
    assert measured(AlertKind.CONFLICT, before, after) == {"db-02": 0}
    assert measured(AlertKind.CONFLICT, after) == {"db-02": None}


def test_slots_disks_and_clocks_are_measured_on_every_server():
    kept = (SlotSnapshot("a", True, 5), SlotSnapshot("b", False, 7))
    full = {"disk_free_bytes": 10, "disk_total_bytes": 100}
    seen = snapshot(primary(slots=kept, **full), replica(clock_skew_seconds=-2.5))

    assert measured(AlertKind.SLOT_RETAINS, seen) == {"db-01": 7, "db-02": 0}
    assert measured(AlertKind.DISK, seen)["db-01"] == pytest.approx(0.9)
    assert measured(AlertKind.CLOCK_SKEW, seen)["db-02"] == 2.5


def test_the_disk_of_the_backups_is_judged_as_those_of_servers_are():
    def disks(used):
        condition = BackupCondition(disk_used=used)
        return {
            value.node: value.sentence
            for value in measure(snapshot(primary()), None, backups=condition)
            if value.kind is AlertKind.DISK and value.node != "db-01"
        }

    assert disks(None) == {}
    assert disks(0.914) == {"backups": "The disk of the backups is 91% full."}


def test_without_any_backup_there_is_nothing_to_measure():
    assert measured(AlertKind.BACKUP_TOO_OLD, snapshot(primary())) == {None: None}
    old = BackupCondition(age=timedelta(hours=30))
    (aged,) = (
        value
        for value in measure(snapshot(primary()), None, backups=old)
        if value.kind is AlertKind.BACKUP_TOO_OLD
    )
    assert (aged.value, aged.sentence) == (108_000, "The newest backup is 30 h old.")


def test_a_backup_that_never_came_is_told_of_by_its_sentence():
    none = BackupCondition(age=timedelta(hours=27), has_any=False)
    sentences = [m.sentence for m in measure(snapshot(primary()), None, backups=none)]

    assert "There is no backup yet, 27 h after the worker began." in sentences


def test_backups_that_fail_again_and_again_are_one_alert():
    rule = RuleRevision(True, 0.0, 0.0, 0.0, 0.0, kind=AlertKind.BACKUP_FAILED)
    judge, changes = Judge(), []
    # At first unknown, then three tries, then one that succeeds.
    for number, tries in enumerate((None, 1, 2, 3, None, 0)):
        condition = BackupCondition(failed_tries=tries, failure="The disk is full.")
        measures = measure(snapshot(primary()), None, backups=condition)
        changes += judge.judge({rule.kind: rule}, measures, at(number))

    assert [(c.what, c.worst) for c in changes] == [("began", 1), ("ended", 3)]
    assert changes[0].sentence == "The last backup failed. The disk is full."


def test_a_log_that_is_archived_late_is_told_of_with_its_reason():
    def behind(**values):
        (measurement,) = (
            value
            for value in measure(
                snapshot(primary()), None, backups=BackupCondition(**values)
            )
            if value.kind is AlertKind.ARCHIVE_BEHIND
        )
        return measurement

    assert behind().value is None
    late = behind(log_behind=timedelta(seconds=75), log_failure="Its disk is full.")
    assert late.value == 75
    assert late.sentence == (
        "The newest second to which one can go back was 75 s ago. Its disk is full."
    )


@pytest.mark.parametrize(
    ("values", "value", "words"),
    [
        ({}, None, "A restore was last proven 0 days ago."),
        ({"unproven": timedelta(9)}, 777_600, "A restore was last proven 9 days ago."),
        (
            {"unproven": timedelta(9), "has_proof": False},
            777_600,
            "There are backups for 9 days, and no proven restore.",
        ),
    ],
)
def test_a_restore_that_was_not_proven_for_long_is_told_of(values, value, words):
    condition = BackupCondition(**values)
    (measurement,) = (
        measured
        for measured in measure(snapshot(primary()), None, backups=condition)
        if measured.kind is AlertKind.RESTORE_UNPROVEN
    )

    assert (measurement.value, measurement.sentence) == (value, words)


@pytest.mark.parametrize(
    ("values", "value", "words"),
    [
        ({}, None, "The copy of the backups is 0 min behind."),
        (
            {"copy_behind": timedelta(minutes=16), "copy_failure": "It is away."},
            960,
            "The copy of the backups is 16 min behind. It is away.",
        ),
    ],
)
def test_a_copy_of_the_backups_that_is_behind_is_told_of(values, value, words):
    condition = BackupCondition(**values)
    (measurement,) = (
        measured
        for measured in measure(snapshot(primary()), None, backups=condition)
        if measured.kind is AlertKind.BACKUP_COPY_BEHIND
    )

    assert (measurement.value, measurement.sentence) == (value, words)


@pytest.mark.parametrize(
    ("silent", "value"), [(None, None), (timedelta(), 0), (timedelta(minutes=2), 120)]
)
def test_a_backup_folder_that_does_not_answer_is_told_of(silent, value):
    condition = BackupCondition(folder_silent=silent)
    (measurement,) = (
        measured
        for measured in measure(snapshot(primary()), None, backups=condition)
        if measured.kind is AlertKind.BACKUP_FOLDER_SILENT
    )

    assert measurement.value == value
    assert measurement.sentence.startswith("The backup folder does not answer")


@pytest.mark.parametrize(
    ("values", "value", "counts"),
    [
        ({}, None, (0, 0, 0)),
        ({"unusable_sets": 0}, 0, (0, 0, 0)),
        ({"unusable_sets": 1, "missing_files": 2, "strays": 3}, 6, (1, 2, 3)),
    ],
)
def test_damaged_backups_are_told_of_with_the_command_that_helps(values, value, counts):
    condition = BackupCondition(**values)
    (measurement,) = (
        measured
        for measured in measure(snapshot(primary()), None, backups=condition)
        if measured.kind is AlertKind.BACKUP_DAMAGED
    )

    sets, files, strays = counts
    assert measurement.value == value
    assert measurement.sentence == (
        f"Backups that cannot be restored: {sets}; files that are gone: {files}; what "
        f"belongs to no backup: {strays}. The page Backups names them; python -m "
        "dashboard backup --full makes one that needs no other."
    )


def test_times_that_nothing_leads_to_any_more_are_damage():
    condition = BackupCondition(unusable_sets=0, lost_times=2)
    [measurement] = (
        measured
        for measured in measure(snapshot(primary()), None, backups=condition)
        if measured.kind is AlertKind.BACKUP_DAMAGED
    )

    assert measurement.value == 2
    assert "times that nothing leads to any more: 2. The page" in measurement.sentence


@pytest.mark.parametrize(
    ("values", "value", "words"),
    [
        ({}, None, "Keys have changed"),
        ({"kit_wanting": timedelta()}, 0, "Keys have changed"),
        ({"kit_wanting": timedelta(hours=2)}, 7200, "Keys have changed"),
        ({"kit_wanting": timedelta(1), "has_kit": False}, 86_400, "There is no"),
        (
            {"kit_wanting": timedelta(1), "is_kit_unproven": True},
            86_400,
            "Nobody has shown for a quarter that the recovery kit opens.",
        ),
    ],
)
def test_a_recovery_kit_that_lacks_keys_is_told_of(values, value, words):
    (measurement,) = (
        measured
        for measured in measure(
            snapshot(primary()), None, backups=BackupCondition(**values)
        )
        if measured.kind is AlertKind.KEY_KIT_OLD
    )

    assert measurement.value == value
    assert measurement.sentence.startswith(words)


def test_a_budget_that_burns_is_measured_where_it_is_known():
    assert measured(AlertKind.ERROR_BUDGET, snapshot(primary())) == {None: None}
    (burning,) = (
        value
        for value in measure(snapshot(primary()), None, burn_rate=16.7)
        if value.kind is AlertKind.ERROR_BUDGET
    )
    assert burning.value == 16.7
    assert "17 times too fast" in burning.sentence
