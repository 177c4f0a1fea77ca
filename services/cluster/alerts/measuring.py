"""The measures that rules judge, taken from a snapshot of the servers."""

from collections.abc import Iterator
from typing import Final

from db.cluster.observing import ClusterSnapshot, NodeSnapshot
from services.cluster.alerts.records import AlertKind, BackupCondition, Measure

_GIGABYTE: Final = 1_000_000_000
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_NOT_KNOWN: Final = BackupCondition()
# In place of a server's name.
_DISK_OF_BACKUPS: Final = "backups"


def measure(
    snapshot: ClusterSnapshot,
    before: ClusterSnapshot | None,
    *,
    backups: BackupCondition = _NOT_KNOWN,
    burn_rate: float | None = None,
) -> tuple[Measure, ...]:
    """Return every measure of a snapshot; `before` is the previous one.

    `burn_rate` is that of the error budget: at 1 it lasts exactly its period.
    """
    return (
        _quorum(snapshot),
        *(measure for node in snapshot.nodes for measure in _of_node(node, snapshot)),
        *_conflicts(snapshot, before),
        *_backups(backups),
        _budget(burn_rate),
    )


def _quorum(snapshot: ClusterSnapshot) -> Measure:
    sentence = "No server takes changes."
    if snapshot.primary is not None:
        sentence = "Changes wait for replicas that do not acknowledge them."
    return Measure(AlertKind.NO_QUORUM, None, float(not snapshot.has_quorum), sentence)


def _of_node(node: NodeSnapshot, snapshot: ClusterSnapshot) -> Iterator[Measure]:
    if node is not snapshot.primary:
        yield _lag(node)
        # While nobody leads, nobody can follow: that is another alert.
        gone = None if snapshot.primary is None else float(not node.is_streaming)
        yield Measure(
            AlertKind.REPLICA_GONE, node.name, gone, f"{node.name} is {node.state}."
        )
    yield _kept_log(node)
    yield _disk(node)
    yield _clock(node)


def _lag(node: NodeSnapshot) -> Measure:
    # A delayed standby takes time to catch up after its replay was paused.
    is_late = node.tags.is_delayed or not node.is_heard_of
    seconds = None if is_late else node.lag_seconds
    sentence = f"{node.name} is {seconds or 0:.0f} s behind."
    return Measure(AlertKind.LAG, node.name, seconds, sentence)


def _kept_log(node: NodeSnapshot) -> Measure:
    kept = node.retained_bytes
    if kept is None and node.is_answering:
        kept = 0
    sentence = f"{node.name} keeps {(kept or 0) / _GIGABYTE:.1f} GB of log for a slot."
    return Measure(AlertKind.SLOT_RETAINS, node.name, kept, sentence)


def _disk(node: NodeSnapshot) -> Measure:
    used = node.disk_used
    sentence = f"The disk of {node.name} is {used or 0:.0%} full."
    return Measure(AlertKind.DISK, node.name, used, sentence)


def _clock(node: NodeSnapshot) -> Measure:
    skew = node.clock_skew_seconds
    seconds = None if skew is None else abs(skew)
    sentence = f"The clock of {node.name} is {seconds or 0:.1f} s off."
    return Measure(AlertKind.CLOCK_SKEW, node.name, seconds, sentence)


def _conflicts(
    snapshot: ClusterSnapshot, before: ClusterSnapshot | None
) -> Iterator[Measure]:
    for node in snapshot.replicas:
        former = before.node(node.name) if before is not None else None
        count = None
        if node.conflicts is not None and former and former.conflicts is not None:
            # A server that restarted may count from zero again.
            count = max(0, node.conflicts - former.conflicts)
        sentence = f"Replay on {node.name} has cancelled queries there."
        yield Measure(AlertKind.CONFLICT, node.name, count, sentence)


def _backups(condition: BackupCondition) -> Iterator[Measure]:
    seconds = None if condition.age is None else condition.age.total_seconds()
    hours = (seconds or 0) / _HOUR
    sentence = f"The newest backup is {hours:.0f} h old."
    if not condition.has_any:
        sentence = f"There is no backup yet, {hours:.0f} h after the worker began."
    yield Measure(AlertKind.BACKUP_TOO_OLD, None, seconds, sentence)
    failed = "The last backup failed."
    if condition.tool:
        failed = f"Something is wrong with the backups that {condition.tool} makes."
    yield Measure(
        AlertKind.BACKUP_FAILED,
        None,
        condition.failed_tries,
        f"{failed} {condition.failure}",
    )
    behind = condition.log_behind
    ago = 0.0 if behind is None else behind.total_seconds()
    yield Measure(
        AlertKind.ARCHIVE_BEHIND,
        None,
        None if behind is None else ago,
        f"The newest second to which one can go back was {ago:.0f} s ago. "
        f"{condition.log_failure}".strip(),
    )
    yield _kit(condition)
    yield _proof(condition)
    yield _copy(condition)
    yield _damage(condition)
    yield _silence(condition)
    if condition.disk_used is not None:
        sentence = f"The disk of the backups is {condition.disk_used:.0%} full."
        yield Measure(AlertKind.DISK, _DISK_OF_BACKUPS, condition.disk_used, sentence)


def _kit(condition: BackupCondition) -> Measure:
    wanting = condition.kit_wanting
    sentence = (
        "Keys have changed since the recovery kit was made: make another."
        if condition.has_kit
        else "There is no recovery kit: without this machine no backup opens."
    )
    if condition.is_kit_unproven:
        sentence = "Nobody has shown for a quarter that the recovery kit opens."
    seconds = None if wanting is None else wanting.total_seconds()
    return Measure(AlertKind.KEY_KIT_OLD, None, seconds, sentence)


def _proof(condition: BackupCondition) -> Measure:
    unproven = condition.unproven
    days = 0.0 if unproven is None else unproven.total_seconds() / _DAY
    sentence = f"A restore was last proven {days:.0f} days ago."
    if not condition.has_proof:
        sentence = f"There are backups for {days:.0f} days, and no proven restore."
    if not condition.is_practised:
        sentence = (
            f"{condition.tool} has backups for {days:.0f} days, and Chartroom "
            "practises no restore of them."
        )
    return Measure(
        AlertKind.RESTORE_UNPROVEN,
        None,
        None if unproven is None else unproven.total_seconds(),
        sentence,
    )


def _copy(condition: BackupCondition) -> Measure:
    behind = condition.copy_behind
    minutes = 0.0 if behind is None else behind.total_seconds() / _MINUTE
    return Measure(
        AlertKind.BACKUP_COPY_BEHIND,
        None,
        None if behind is None else behind.total_seconds(),
        f"The copy of the backups is {minutes:.0f} min behind. "
        f"{condition.copy_failure}".strip(),
    )


def _damage(condition: BackupCondition) -> Measure:
    sets, files, strays = (
        condition.unusable_sets,
        condition.missing_files,
        condition.strays,
    )
    lost = ""
    if condition.lost_times:
        lost = f"; times that nothing leads to any more: {condition.lost_times}"
    sentence = (
        f"Backups that cannot be restored: {sets or 0}; files that are gone: {files}; "
        f"what belongs to no backup: {strays}{lost}. The page Backups names them; "
        "python -m dashboard backup --full makes one that needs no other."
    )
    if condition.tool:
        sentence = (
            f"Backups of {condition.tool} that are not counted on: {sets or 0}. The "
            "page Backups names them."
        )
    return Measure(
        AlertKind.BACKUP_DAMAGED,
        None,
        None if sets is None else float(sets + files + strays + condition.lost_times),
        sentence,
    )


def _silence(condition: BackupCondition) -> Measure:
    silent = condition.folder_silent
    return Measure(
        AlertKind.BACKUP_FOLDER_SILENT,
        None,
        None if silent is None else silent.total_seconds(),
        "The backup folder does not answer: no backup is made, and none can be "
        "restored from it, until its disk is back.",
    )


def _budget(burn_rate: float | None) -> Measure:
    sentence = (
        f"The error budget burns {burn_rate or 0:.0f} times too fast: the clinic was "
        "away too long within the last hour."
    )
    return Measure(AlertKind.ERROR_BUDGET, None, burn_rate, sentence)
