"""The backups in a number, for the home of administrators: the age of the newest."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from dashboard import wiring
from dashboard.backups.tool_overview import read_tool_state
from dashboard.context import current_actor, in_zone, now, today
from dashboard.ui.figures import Figure
from dashboard.ui.language import day_and_month, gettext as _
from dashboard.ui.measures import ago
from services.backups import BackupState, Manifest
from services.backups.tools import BackupTool

_DAYS: Final = 30
_MEGABYTE: Final = 1_000_000


def backup_figures() -> list[Figure]:
    """Return the age of the newest backup, and the sizes of those of a month.

    Nothing at a standby site, nor if the servers are the clinic's own, since others
    back those up; if their tool is named, what it reported.
    """
    wired = wiring.current()
    if wired.site.is_following:
        return []
    if (tool := wired.settings.own_backup_tool) is not None:
        return [_figure_of(tool)]
    if not wired.settings.is_embedded:
        return []
    state = wired.backup_reader.state(current_actor())
    newest = state.newest
    none = _("None yet") if state.is_known else _("Not known")
    return [
        Figure(
            _("Newest backup"),
            ago(now() - newest.as_of) if newest else none,
            _(
                "When the newest backup was made; the bars show the size of each "
                "day's backups for a month."
            ),
            trend=_sizes(state.sets, today()),
            unit=" MB",
            page="backups/backups.py",
            link=_verdict(state),
        )
    ]


def _figure_of(tool: BackupTool) -> Figure:
    """Return the age of a tool's newest backup, and whether all is well."""
    state = read_tool_state(tool)
    newest = state.report.newest if state and state.report else None
    words = _("By {tool}")
    if state is not None and state.failure:
        words = _("{tool} does not answer")
    elif state is not None and state.report is not None and state.report.faults:
        words = _("{tool} complains")
    return Figure(
        _("Newest backup"),
        ago(now() - newest.stopped_at) if newest else _("None yet"),
        _("When the newest backup was made, as {tool} reported.").format(
            tool=tool.label
        ),
        page="backups/backups.py",
        link=words.format(tool=tool.label),
    )


def _verdict(state: BackupState) -> str:
    """Return what matters most about the backups in a few words."""
    if state.silent_since is not None:
        return _("Their folder does not answer")
    if state.failure is not None:
        return _("The last one failed")
    if state.proof is None:
        return _("Never proven by a restore")
    proved_on = in_zone(state.proof.proved_at).date()
    return _("Proven by a restore: {day}").format(day=day_and_month(proved_on))


def _sizes(sets: Sequence[Manifest], until: date) -> list[tuple[str, float]]:
    by_day: dict[date, float] = defaultdict(float)
    for manifest in sets:
        by_day[in_zone(manifest.as_of).date()] += manifest.sealed_bytes / _MEGABYTE
    days = [until - timedelta(days=number) for number in range(_DAYS - 1, -1, -1)]
    return [(day_and_month(day), by_day[day]) for day in days]
