"""Measures what a drill has cost: pauses, losses, errors, compared row by row."""

from itertools import pairwise
from time import monotonic, sleep
from typing import Final
from uuid import UUID

from db.cluster.probe_rows import missing_on
from db.postgres import SYSTEM, Database
from jobs.cluster.practice.drill_run import DrillRun
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills import DrillMeasurements
from services.cluster.operations.probing import Write, longest_pause

_CATCH_UP_SECONDS: Final = 30.0


def measure(run: DrillRun, database: Database, drill_id: UUID) -> DrillMeasurements:
    """Return what the drill has cost, once its people have stopped."""
    users = run.users
    acknowledged = users.acknowledged()
    missing = _compare(database, drill_id, acknowledged)
    gap = longest_pause([w for w in users.writes if _is_about(w, run)])
    primary = run.primary()
    lost = _lost(database, drill_id, acknowledged, missing.get(primary))
    since = gap.first.answered_at if gap else monotonic()
    oldest = min((write.answered_at for write in lost), default=since)
    is_of_files = run.kind is DrillKind.LOST_MONGO
    if users.files.errors:
        run.facts.append(f"{users.files.errors} files could not be stored.")
    rto = _file_gap(run) if is_of_files else gap.seconds if gap else 0.0
    return DrillMeasurements(
        round(rto, 3),
        round(max(0.0, since - oldest), 3),
        len(acknowledged) + len(users.files.kept),
        len(lost) + users.lost_files(),
        users.write_errors
        + users.read_errors
        + (0 if is_of_files else users.files.errors),
        users.unseen,
        users.reads,
        _crossed(users.writes),
        tuple(sorted(name for name, count in missing.items() if count)),
        run.phases,
        tuple(run.facts),
        run.evidence,
    )


def _compare(
    database: Database, drill_id: UUID, acknowledged: dict[tuple[int, int], Write]
) -> dict[str, int | None]:
    """Compare row by row on every server, once each has had time to catch up."""
    deadline = monotonic() + _CATCH_UP_SECONDS
    urls = database.endpoints.replica_urls
    while True:
        missing = missing_on(urls, drill_id, acknowledged)
        if not any(missing.values()) or monotonic() > deadline:
            return missing
        sleep(0.5)


def _lost(
    database: Database,
    drill_id: UUID,
    acknowledged: dict[tuple[int, int], Write],
    missing: int | None,
) -> list[Write]:
    """Return the acknowledged writes that the primary lacks."""
    if missing == 0:
        return []
    there = database.read_latest(
        lambda session: drills.list_writes(session, drill_id), identity=SYSTEM
    ).value
    return [write for row, write in acknowledged.items() if row not in there]


def _is_about(write: Write, run: DrillRun) -> bool:
    return write.answered_at > run.broken_at - 1.0


def _file_gap(run: DrillRun) -> float:
    timestamps = sorted(run.users.files.kept.values())
    return max((later - sooner for sooner, later in pairwise(timestamps)), default=0.0)


def _crossed(writes: list[Write]) -> int:
    """Count acknowledgements by a former primary after another had begun to give them.

    `writes` are in the order of their acknowledgements.
    """
    newest = crossed = 0
    acknowledged: list[tuple[float, int]] = []
    for write in writes:
        newest = max(newest, write.timeline)
        if write.timeline < newest:
            # If it was sent before the other led, its answer may only have been late.
            begun = min(at for at, timeline in acknowledged if timeline == newest)
            crossed += write.sent_at > begun
        acknowledged.append((write.answered_at, write.timeline))
    return crossed
