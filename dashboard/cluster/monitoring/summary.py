"""The servers in a few lines, for the home of administrators."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import streamlit as st

from dashboard.cluster.monitoring.observations import current_snapshot, site_position
from dashboard.cluster.monitoring.overview import show_safety
from dashboard.context import CachedRead, current_actor, read_all, today
from dashboard.navigation import path_of
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, long_date
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import plain
from services.cluster import alerts, drills
from services.cluster.alerts import Alert
from services.cluster.drill_kinds import SCENARIOS
from services.cluster.drills import Plan
from services.core.actors import Permission
from services.core.errors import Unavailable

_KEPT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Badge:
    text: str
    icon: str
    color: Literal["red", "orange", "gray"]


@st.fragment(run_every="5s")
def show_summary() -> None:
    """Show whether the records are safe, what is wrong, and which drill is due."""
    with error_boundary():
        show_safety(current_snapshot())
        with st.container(horizontal=True, vertical_alignment="center"):
            for badge in _badges():
                st.badge(badge.text, icon=f":material/{badge.icon}:", color=badge.color)
            st.page_link(
                path_of("cluster/replication.py"),
                label=_("Replication"),
                icon=":material/arrow_forward:",
                width="content",
            )
            # Nobody leads at a standby site.
            may_act = current_actor().may(Permission.ACT_ON_CLUSTER)
            if may_act and site_position() is None:
                st.page_link(
                    path_of("cluster/switchover.py"),
                    label=_("Change the primary"),
                    icon=":material/swap_horiz:",
                    width="content",
                )


def _badges() -> tuple[_Badge, ...]:
    """Return what the databases know; if unreadable, the sentence above is enough."""
    actor, on = current_actor(), today()
    try:
        wrong, plans = read_all(
            CachedRead(
                lambda session: alerts.list_open(session, actor),
                "home_alerts",
                _KEPT_SECONDS,
            ),
            CachedRead(
                lambda session: drills.list_plans(session, actor, today=on),
                "home_drills",
                _KEPT_SECONDS,
            ),
        )
    except Unavailable:
        return ()
    return (*_alerts(wrong), *_drill(plans))


def _alerts(wrong: tuple[Alert, ...]) -> Iterator[_Badge]:
    unseen = [alert for alert in wrong if alert.acknowledged_at is None]
    if unseen:
        first = plain(translate_recorded(unseen[0].sentence))
        if len(unseen) > 1:
            more = _("And {count} more.").format(count=len(unseen) - 1)
            first = f"{first} {more}"
        yield _Badge(first, "notifications_active", "red")
    elif wrong:
        sentence = _("{count} open, acknowledged").format(count=len(wrong))
        yield _Badge(sentence, "notifications", "orange")
    else:
        yield _Badge(_("No open alerts"), "notifications", "gray")


def _drill(plans: tuple[Plan, ...]) -> Iterator[_Badge]:
    planned = [plan for plan in plans if plan.next_on is not None]
    if not planned:
        yield _Badge(_("No drill planned"), "event", "gray")
        return
    first = min(planned, key=lambda plan: plan.next_on or today())
    title, day = _(SCENARIOS[first.kind].title), first.next_on or today()
    if first.is_due:
        yield _Badge(_("Drill due: {title}").format(title=title), "event", "orange")
    else:
        planned_on = _("Next drill: {title}, {day}")
        text = planned_on.format(title=title, day=long_date(day))
        yield _Badge(text, "event", "gray")
