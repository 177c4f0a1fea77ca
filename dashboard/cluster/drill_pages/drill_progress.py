"""A running drill: the launcher's reports on it, second by second."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in, write
from services.cluster import drills
from services.cluster.drill_kinds import DrillKind


@dataclass(frozen=True, slots=True)
class DrillStep:
    """Something that a drill did or saw, and the seconds since its beginning."""

    seconds: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Progress:
    """A drill's reports so far; `state` is how it ended, None while it goes on."""

    lines: tuple[DrillStep, ...]
    is_running: bool
    state: str | None = None
    sentence: str = ""


def can_practise() -> bool:
    """Return whether these servers may be broken at all: only Chartroom's own."""
    return wiring.current().endpoints.control_url is not None


def begin(kind: DrillKind) -> UUID:
    """Record that a drill begins, and have the launcher run it.

    Raises NotAllowed, NotConfirmed, Conflict and Unavailable.
    """
    control = drills.require_control(wiring.current().endpoints)
    actor, sign_in = current_actor(), current_sign_in()
    drill_id: UUID = write(
        lambda session: drills.begin(session, actor, kind, session_id=sign_in)
    )
    drills.launch(control, kind, drill_id)
    return drill_id


def progress_of(drill_id: UUID) -> Progress | None:
    """Return the progress of a drill; None if this launcher does not run it."""
    control = drills.require_control(wiring.current().endpoints)
    output = drills.output_of(control, drill_id)
    return None if output is None else read(output.lines, is_running=output.is_running)


def read(lines: Sequence[str], *, is_running: bool) -> Progress:
    """Return the progress in the printed lines; lines without JSON are for the log."""
    records = [record for line in lines if (record := _parsed(line)) is not None]
    steps = tuple(
        DrillStep(float(record.get("seconds", 0.0)), str(record["sentence"]))
        for record in records
        if "sentence" in record
    )
    result: dict[str, Any] = next(
        (record["result"] for record in reversed(records) if "result" in record), {}
    )
    state = None if is_running else str(result.get("state", "failed"))
    return Progress(steps, is_running, state, str(result.get("sentence", "")))


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None
