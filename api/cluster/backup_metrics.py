"""Metrics of backups: facts are read first, and turned into numbers as of a time.

The two are separate so that ages keep growing while the disk of the backups does not
answer.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from db.backups.copies.copy_notes import CopyNote
from db.backups.manifest import Manifest
from db.backups.notes import LogPosition, Proof
from db.backups.repository import Survey
from db.backups.strays import RepositoryFaults
from db.disk_reading import Seen
from services.backups.facts import BackupFacts

# A gauge's name after `chartroom_backup_`, its description, and its value.
BackupGauge = tuple[str, str, float]
_SILENT: Final = (
    "How long the backup folder has not answered, in seconds; 0 if it answers."
)


def gauges_of(
    seen: Seen[BackupFacts], now: datetime, *, copy_place: str | None
) -> bytes:
    """Return the metrics of what was last seen of the backups, as of a time.

    The notes on a copy in another place than `copy_place` are left out, since they
    never change again.
    """
    silent = seconds_since(seen.silent_since, now) if seen.silent_since else 0.0
    values: list[BackupGauge] = [("folder_silent_seconds", _SILENT, silent)]
    if (facts := seen.value) is not None:
        values += _values(facts, now, copy_place)
    return written(values)


def written(values: Iterable[BackupGauge]) -> bytes:
    """Return gauges in Prometheus' text format."""
    registry = CollectorRegistry()
    for name, words, value in values:
        Gauge(f"chartroom_backup_{name}", words, registry=registry).set(value)
    return generate_latest(registry)


def seconds_since(timestamp: datetime, now: datetime) -> float:
    """Return how many seconds ago a time was; 0 for a time in the future."""
    return max(0.0, (now - timestamp).total_seconds())


def _values(
    facts: BackupFacts, now: datetime, copy_place: str | None
) -> Iterator[BackupGauge]:
    survey, newest = facts.survey, facts.survey.newest_by(now)
    yield "sets", "Number of valid backups.", float(len(survey.sets))
    yield (
        "unreadable_sets",
        "Number of backups whose manifest somebody has changed or deleted.",
        float(len(survey.unreadable)),
    )
    yield (
        "orphan_sets",
        "Number of incremental backups that lack the backup they are based on.",
        float(len(survey.orphans)),
    )
    yield from _of_faults(facts.faults)
    if facts.room is not None:
        free, size = facts.room
        yield "disk_free_bytes", "Free space on the backup disk in bytes.", float(free)
        yield "disk_bytes", "Size of the backup disk in bytes.", float(size)
    yield (
        "failed_tries",
        "Number of backups that have failed in a row since one succeeded.",
        float(facts.failure.tries if facts.failure else 0),
    )
    if newest is not None:
        yield from _of_newest(survey, newest, now)
    if facts.proof is not None:
        yield from _of_proof(facts.proof, now)
    if (kit := facts.kit) is not None:
        held = (
            "Time since the recovery kit was made or last proven to open, in seconds."
        )
        yield (
            "kit_age_seconds",
            "Age of the last recovery kit in seconds.",
            seconds_since(kit.made_at, now),
        )
        yield "kit_held_seconds", held, seconds_since(kit.held_at, now)
    if facts.position is not None:
        yield from _of_log(facts.position, newest, now)
    if facts.copied is not None and facts.copied.place == copy_place:
        yield from _of_copy(facts.copied, now)


def _of_faults(faults: RepositoryFaults) -> Iterator[BackupGauge]:
    """Yield how many backups lack something, and how much belongs to none."""
    yield (
        "incomplete_sets",
        "Number of backups with an object missing or of the wrong size.",
        float(len(faults.incomplete)),
    )
    yield (
        "gone_sets",
        "Number of backups removed by something other than retention.",
        float(len(faults.gone)),
    )
    yield (
        "keyless_sets",
        "Number of backups for which the key file lacks a key.",
        float(len(faults.keyless)),
    )
    yield (
        "lost_times",
        "Number of time spans that can no longer be restored.",
        float(len(faults.lost_times)),
    )
    yield (
        "stray_objects",
        "Number of objects in the backup folder that belong to no backup.",
        float(len(faults.strays)),
    )
    if faults.missing_files is not None:
        words = "Number of stored files that backups name and that are missing."
        yield "missing_files", words, float(faults.missing_files)


def _of_newest(
    survey: Survey, newest: Manifest, now: datetime
) -> Iterator[BackupGauge]:
    *_, full = chain = list(survey.bases_of(newest))
    yield (
        "age_seconds",
        "Age of the newest backup in seconds.",
        seconds_since(newest.as_of, now),
    )
    yield (
        "full_age_seconds",
        "Age of the full backup that the newest one is based on, in seconds.",
        seconds_since(full.as_of, now),
    )
    yield (
        "chain_sets",
        "Number of backups that the newest one is restored from, itself included.",
        float(len(chain)),
    )
    yield (
        "bytes",
        "Sealed size of the newest backup in bytes.",
        float(newest.sealed_bytes),
    )


def _of_proof(proof: Proof, now: datetime) -> Iterator[BackupGauge]:
    yield (
        "proof_age_seconds",
        "Age of the last proven restore in seconds.",
        seconds_since(proof.proved_at, now),
    )
    yield (
        "proof_seconds",
        "Duration of the last proven restore in seconds.",
        proof.seconds,
    )
    if (drill := proof.drill) is not None:
        words = "Seconds until the rows of the last restore drill answered."
        yield "drill_rto_seconds", words, drill.rto_seconds
        yield (
            "drill_rpo_seconds",
            "Data loss of the last restore drill, had it been real, in seconds.",
            drill.rpo_seconds,
        )


def _of_log(
    position: LogPosition, newest: Manifest | None, now: datetime
) -> Iterator[BackupGauge]:
    leads_to = position.leads_to or (newest.as_of if newest else position.noted_at)
    yield (
        "log_behind_seconds",
        "Time since the newest second that backups and WAL can restore.",
        seconds_since(leads_to, now),
    )
    yield (
        "log_cut_off",
        "Whether the archived WAL continues no backup; 1 until there is a new backup.",
        float(position.is_cut_off),
    )


def _of_copy(note: CopyNote, now: datetime) -> Iterator[BackupGauge]:
    """Yield what is recorded of the copy elsewhere: its state, its size and its lag."""
    yield (
        "copy_failed",
        "Whether the backup copy is failing.",
        float(bool(note.failure)),
    )
    yield "copy_bytes", "Size of the backup copy in bytes.", float(note.bytes)
    yield "copy_objects", "Number of objects in the backup copy.", float(note.objects)
    yield (
        "copy_sets",
        "Number of complete backups in the backup copy.",
        float(note.sets),
    )
    yield (
        "copy_waiting_objects",
        "Number of objects in the backup copy that are due for removal but locked.",
        float(note.waiting),
    )
    yield (
        "copy_stray_objects",
        "Number of objects in the backup copy that belong to no backup.",
        float(len(note.strays)),
    )
    yield (
        "copy_mended_objects",
        "Number of objects missing or changed in the backup copy and sent again.",
        float(note.mended),
    )
    if note.whole_until is not None:
        words = (
            "Time since the newest second that the backup copy can restore, in seconds."
        )
        yield "copy_behind_seconds", words, seconds_since(note.whole_until, now)
