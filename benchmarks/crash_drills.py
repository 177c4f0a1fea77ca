"""Crashes the primary a hundred times in a row, and draws what that cost.

    python -m benchmarks.crash_drills [DRILLS] [PICTURE]

Starts a cluster of its own with an empty clinic, and restarts its launcher after every
fourth drill. Each drill is the one of `python -m dashboard drill crash`: people write
and read, PostgreSQL of the primary is killed, and in the end every acknowledged row is
looked for on every server. It takes about a quarter of an hour, and needs a quiet
machine. The picture is docs/images/crash-drills.svg.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC
from pathlib import Path
from typing import Final

from benchmarks.histogram import Panel, draw
from dashboard import wiring
from dashboard.wiring import Wiring
from db import embedded, schema
from db.postgres import SYSTEM
from db.settings import Settings
from jobs.cluster.practice import DrillTimeline, Practice
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind
from services.cluster.drills import DrillRecord
from services.core.actors import CONSOLE

_PICTURE: Final = Path("docs/images/crash-drills.svg")
_STEADY_SECONDS: Final = 0.7
_DRILLS_PER_LAUNCHER: Final = 4


def practise(wired: Wiring, number: int) -> DrillRecord:
    """Crash the primary once, and return the result."""
    drill_id = wired.database.write(
        lambda session: drills.begin(
            session, CONSOLE, DrillKind.CRASH, session_id=None
        ),
        identity=SYSTEM,
    ).value
    timeline = DrillTimeline(lambda _: None, as_json=False)
    practice = Practice(
        wired.database, wired.files, timeline, UTC, steady_seconds=_STEADY_SECONDS
    )
    practice.run(DrillKind.CRASH, drill_id)
    [record] = wired.database.read_latest(
        lambda session: drills.list_drills(session, CONSOLE, limit=1), identity=SYSTEM
    ).value
    print(f"{number:4}  {record.state:8}{record.sentence}", flush=True)
    return record


def some_in_a_row(settings: Settings, done: int, count: int) -> list[DrillRecord]:
    """Start the cluster, practise as often as one launcher is asked to, and stop it.

    A process that keeps dying is restarted after longer and longer pauses: they would
    be most of the time, and are not what is tested here.
    """
    cluster = embedded.start(settings.data)
    try:
        cluster.wait_until_whole()
        schema.bring_up_to_date(cluster.endpoints)
        with closing(wiring.connect(settings)) as wired:
            last = min(done + _DRILLS_PER_LAUNCHER, count)
            return [practise(wired, number + 1) for number in range(done, last)]
    finally:
        cluster.stop()


def tell(records: Sequence[DrillRecord], picture: Path) -> None:
    """Print the figures and draw them."""
    done = [record for record in records if record.rto_seconds is not None]
    pauses = sorted(record.rto_seconds or 0.0 for record in done)
    losses = [record.rpo_seconds or 0.0 for record in done]
    lost = sum(record.lost or 0 for record in done)
    acknowledged = sum(record.acknowledged or 0 for record in done)
    errors = sum(record.errors or 0 for record in done)
    print(
        f"{len(done)} of {len(records)} drills: RTO median "
        f"{statistics.median(pauses):.2f} s, 95 % within "
        f"{pauses[int(len(pauses) * 0.95) - 1]:.2f} s, worst {pauses[-1]:.2f} s; "
        f"{lost} of {acknowledged} acknowledged writes lost; {errors} errors"
    )
    title = f"{len(done)} crashed primaries in a row, {acknowledged:,} writes"
    panels = (
        Panel("For how long nobody could write (RTO), seconds", pauses, 0.1),
        Panel("Age of the oldest lost write (RPO), seconds", losses, 0.1),
    )
    picture.write_text(draw(title, panels))


def main() -> None:
    """Run the drills on a cluster of their own."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    picture = Path(sys.argv[2]) if len(sys.argv) > 2 else _PICTURE
    with tempfile.TemporaryDirectory(prefix="chartroom-crashes-") as folder:
        settings = Settings(data=Path(folder))
        records: list[DrillRecord] = []
        while len(records) < count:
            records += some_in_a_row(settings, len(records), count)
        tell(records, picture)


if __name__ == "__main__":
    main()
