"""Drills as tables: what can be practised, when it is due, how it went."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Final

from dashboard.ui.measures import seconds
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    payload_of,
    record_table,
)
from dashboard.ui.words import to_the_second, written
from services.cluster.drill_kinds import PROMISES, SCENARIOS, DrillKind
from services.cluster.drills import DrillRecord, Plan

_STATES: Final = {
    "running": Cell("Running", "info", "progress_activity"),
    "kept": Cell("Promise kept", "ok", "check"),
    "broken": Cell("Promise broken", "danger", "error"),
    "skipped": Cell("Skipped", "muted", "skip_next"),
    "failed": Cell("Came to no end", "warn", "warning"),
}
_KINDS: Final = (
    Column("Drill", is_whole=True),
    Column("What happens"),
    Column("Last", is_whole=True),
    Column("Next", is_whole=True),
    Column(""),
)
_RESULTS: Final = (
    Column("When", is_whole=True),
    Column("Drill"),
    Column("Writers waited"),
    Column("Promised"),
    Column("Lost"),
    Column("Errors seen"),
    Column("Result"),
    Column(""),
)
_PRACTISE: Final = RowAction("practise", "Practise", "play_arrow")
_PLAN: Final = RowAction("plan", "Plan", "edit_calendar")
_OPEN: Final = RowAction("open", "Details", "info")
_NEVER: Final = "Not planned"


def show_kinds(
    plans: Sequence[Plan],
    newest: Mapping[DrillKind, DrillRecord],
    today: date,
    *,
    may_run: bool,
    may_plan: bool,
) -> tuple[DrillKind, str] | None:
    """Show what can be practised; return of which kind what was asked for."""
    actions = (*((_PRACTISE,) if may_run else ()), *((_PLAN,) if may_plan else ()))
    # What is due first comes first; what has no plan comes last.
    ordered = sorted(plans, key=lambda plan: plan.next_on or date.max)
    rows = [
        Row(
            plan.kind,
            (
                Cell(SCENARIOS[plan.kind].title),
                Cell(SCENARIOS[plan.kind].what_happens),
                _last(newest.get(plan.kind)),
                _next(plan, today),
                Cell("", actions=actions),
            ),
        )
        for plan in ordered
    ]
    event = record_table(
        payload_of(_KINDS, rows, name="What can be practised"), key="drills_kinds"
    )
    return (DrillKind(event.action[0]), event.action[1]) if event.action else None


def show_results(history: Sequence[DrillRecord]) -> DrillRecord | None:
    """Show how drills went against what is promised; return the one to be opened."""
    rows = [Row(str(drill.id), tuple(_result(drill))) for drill in history]
    event = record_table(
        payload_of(_RESULTS, rows, name="Drills"), key="drills_results"
    )
    return chosen_of(event, history, lambda drill: drill.id)


def _result(drill: DrillRecord) -> Iterator[Cell]:
    yield Cell(to_the_second(drill.started_at))
    yield Cell(SCENARIOS[drill.kind].title)
    yield Cell("–" if drill.rto_seconds is None else seconds(drill.rto_seconds))
    yield Cell(f"at most {PROMISES[drill.kind].rto_seconds:g} s")
    yield _lost(drill)
    yield _count(drill.errors)
    yield _STATES.get(drill.state, Cell(drill.state))
    yield Cell("", actions=(_OPEN,))


def _lost(drill: DrillRecord) -> Cell:
    if drill.lost is None:
        return Cell("–")
    if drill.lost == 0:
        return Cell(f"0 of {drill.acknowledged or 0:,}", "ok", "check")
    age = seconds(drill.rpo_seconds)
    return Cell(
        f"{drill.lost:,} of {drill.acknowledged or 0:,}, {age}", "danger", "error"
    )


def _count(number: int | None) -> Cell:
    if number is None:
        return Cell("–")
    return Cell(f"{number:,}", "danger" if number else "plain")


def _last(drill: DrillRecord | None) -> Cell:
    if drill is None:
        return Cell("Never", "muted")
    return _STATES.get(drill.state, Cell(drill.state))


def _next(plan: Plan, today: date) -> Cell:
    if plan.next_on is None:
        return Cell(_NEVER, "muted")
    days = (plan.next_on - today).days
    if days < 0:
        return Cell(f"{written(plan.next_on)}, overdue", "danger", "event_busy")
    if days == 0:
        return Cell("Today", "warn", "event")
    return Cell(f"{written(plan.next_on)}, in {days} d", "plain")
