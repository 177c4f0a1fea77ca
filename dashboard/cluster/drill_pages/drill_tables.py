"""Drills as tables: what can be practised, when it is due, how it went."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final

from dashboard.ui.language import decimal, gettext as _, long_date, marked, pgettext
from dashboard.ui.measures import seconds
from dashboard.ui.record_table import (
    Cell,
    Column,
    Row,
    RowAction,
    chosen_of,
    record_table,
)
from dashboard.ui.words import to_the_second
from services.cluster.drill_kinds import PROMISES, SCENARIOS, DrillKind
from services.cluster.drills import DrillRecord, Plan

_STATES: Final = {
    "running": Cell(marked("Running"), "info", "progress_activity"),
    "kept": Cell(marked("Promise kept"), "ok", "check"),
    "broken": Cell(marked("Promise broken"), "danger", "error"),
    "skipped": Cell(marked("Skipped"), "muted", "skip_next"),
    "failed": Cell(marked("Did not finish"), "warn", "warning"),
}
_KINDS: Final = (
    Column(marked("Drill"), is_whole=True),
    Column(marked("What happens")),
    Column(marked("Last"), is_whole=True),
    Column(marked("Next"), is_whole=True),
    Column(""),
)
_RESULTS: Final = (
    Column(marked("When"), is_whole=True),
    Column(marked("Drill")),
    Column(marked("Writers waited")),
    Column(marked("Promised")),
    Column(marked("Lost")),
    Column(marked("Errors seen")),
    Column(marked("Result")),
    Column(""),
)


def show_kinds(
    plans: Sequence[Plan],
    newest: Mapping[DrillKind, DrillRecord],
    today: date,
    *,
    may_run: bool,
    may_plan: bool,
) -> tuple[DrillKind, str] | None:
    """Show the kinds that can be practised; return the chosen kind and action."""
    practise = RowAction("practise", _("Run"), "play_arrow", shows_label=True)
    to_plan = RowAction(
        "plan", pgettext("a drill", "Plan"), "edit_calendar", shows_label=True
    )
    actions = (*((practise,) if may_run else ()), *((to_plan,) if may_plan else ()))
    # The next due comes first; kinds without a plan come last.
    ordered = sorted(plans, key=lambda plan: plan.next_on or date.max)
    rows = [
        Row(
            plan.kind,
            (
                Cell(_(SCENARIOS[plan.kind].title)),
                Cell(_(SCENARIOS[plan.kind].what_happens)),
                _last(newest.get(plan.kind)),
                _next(plan, today),
                Cell("", actions=actions),
            ),
        )
        for plan in ordered
    ]
    event = record_table(_KINDS, rows, name=_("Available drills"), key="drills_kinds")
    return (DrillKind(event.action[0]), event.action[1]) if event.action else None


def show_results(history: Sequence[DrillRecord]) -> DrillRecord | None:
    """Show how drills went against their promises; return the one to be opened."""
    rows = [Row(str(drill.id), tuple(_result(drill))) for drill in history]
    event = record_table(_RESULTS, rows, name=_("Drills"), key="drills_results")
    return chosen_of(event, history, lambda drill: drill.id)


def _result(drill: DrillRecord) -> Iterator[Cell]:
    yield Cell(to_the_second(drill.started_at))
    yield Cell(_(SCENARIOS[drill.kind].title))
    yield Cell("–" if drill.rto_seconds is None else seconds(drill.rto_seconds))
    most = PROMISES[drill.kind].rto_seconds
    promised = decimal(most, 0 if most == int(most) else 1)
    yield Cell(_("at most {seconds} s").format(seconds=promised))
    yield _lost(drill)
    yield _count(drill.errors)
    yield _state(drill)
    yield Cell("", actions=(RowAction("open", _("Details"), "info", shows_label=True),))


def _state(drill: DrillRecord) -> Cell:
    cell = _STATES.get(drill.state, Cell(drill.state))
    return replace(cell, text=_(cell.text))


def _lost(drill: DrillRecord) -> Cell:
    if drill.lost is None:
        return Cell("–")
    if drill.lost == 0:
        none = _("0 of {whole}").format(whole=decimal(drill.acknowledged or 0))
        return Cell(none, "ok", "check")
    text = _("{part} of {whole}, {span}").format(
        part=decimal(drill.lost),
        whole=decimal(drill.acknowledged or 0),
        span=seconds(drill.rpo_seconds),
    )
    return Cell(text, "danger", "error")


def _count(number: int | None) -> Cell:
    if number is None:
        return Cell("–")
    return Cell(decimal(number), "danger" if number else "plain")


def _last(drill: DrillRecord | None) -> Cell:
    if drill is None:
        return Cell(_("Never"), "muted")
    return _state(drill)


def _next(plan: Plan, today: date) -> Cell:
    if plan.next_on is None:
        return Cell(_("Not planned"), "muted")
    days, day = (plan.next_on - today).days, long_date(plan.next_on)
    if days < 0:
        return Cell(_("{day}, overdue").format(day=day), "danger", "event_busy")
    if days == 0:
        return Cell(_("Today"), "warn", "event")
    return Cell(_("{day}, in {days} d").format(day=day, days=days), "plain")
