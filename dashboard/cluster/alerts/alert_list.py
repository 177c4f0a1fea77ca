"""What is wrong with the servers, who works on it, and what was wrong before."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.cluster.alerts.alert_words import WORDS, value_of
from dashboard.context import CachedRead, current_actor, now, read_all, write
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import ago, seconds
from dashboard.ui.notices import notify
from dashboard.ui.record_table import Cell, Column, Row, record_table
from dashboard.ui.words import at, plain, to_the_second
from services.cluster import alerts
from services.cluster.alerts import Alert
from services.core.actors import Permission

_MOST: Final = 50
_COLUMNS: Final = (
    Column(marked("Began"), is_whole=True),
    Column(marked("Alert")),
    Column(marked("What")),
    Column(marked("Lasted")),
    Column(marked("Peak")),
    Column(marked("Acknowledged by")),
)


@st.fragment(run_every="5s")
def show_alerts() -> None:
    """Show open and past alerts, rerun every few seconds."""
    with error_boundary():
        wrong, before = _read()
        if not wrong:
            empty_state(_("Nothing is wrong with the servers."), icon="verified_user")
        for alert in wrong:
            _show_open_alert(alert)
        st.subheader(_("Past alerts"), anchor=False)
        ended = [alert for alert in before if not alert.is_open]
        if ended:
            _show_table(ended)
        else:
            empty_state(_("No alert has ended yet."), icon="notifications")


def _read() -> tuple[Sequence[Alert], Sequence[Alert]]:
    actor = current_actor()
    both: tuple[Sequence[Alert], Sequence[Alert]]
    both = read_all(
        CachedRead(lambda session: alerts.list_open(session, actor)),
        CachedRead(lambda session: alerts.list_alerts(session, actor, limit=_MOST)),
    )
    return both


def _show_open_alert(alert: Alert) -> None:
    words = WORDS[alert.kind]
    is_seen_to = alert.acknowledged_at is not None
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        with st.container(gap="small"):
            st.badge(
                _(words.title),
                icon=f":material/{words.icon}:",
                color="orange" if is_seen_to else "red",
            )
            st.markdown(plain(translate_recorded(alert.sentence)))
            st.caption(_since(alert))
            if words.runbook:
                st.caption(_("What to do: {runbook}").format(runbook=words.runbook))
        may = current_actor().may(Permission.MANAGE_ALERTS)
        if may and not is_seen_to:
            key = f"alerts_acknowledge_{alert.kind}_{alert.node or 'all'}"
            if st.button(_("Acknowledge"), key=key, icon=":material/pan_tool:"):
                _acknowledge(alert.id)


def _since(alert: Alert) -> str:
    worst = value_of(alert, alert.worst)
    began = (
        _("Since {time}, {ago}.")
        if worst == "–"
        else _("Since {time}, {ago}; at worst {worst}.")
    ).format(
        time=to_the_second(alert.began_at),
        ago=ago(now() - alert.began_at),
        worst=worst,
    )
    if alert.acknowledged_at is None:
        return began
    seen = _("Acknowledged by {name}, {time}.").format(
        name=plain(alert.acknowledged_by_name or _("Somebody")),
        time=at(alert.acknowledged_at),
    )
    return f"{began} {seen}"


def _acknowledge(alert_id: UUID) -> None:
    actor = current_actor()
    write(lambda session: alerts.acknowledge(session, actor, alert_id))
    notify(
        _("Noted: you are taking care of it. Others can see that here."),
        icon="pan_tool",
    )
    st.rerun()


def _show_table(ended: Sequence[Alert]) -> None:
    rows = [
        Row(
            str(alert.id),
            (
                Cell(to_the_second(alert.began_at)),
                Cell(_(WORDS[alert.kind].title)),
                Cell(translate_recorded(alert.sentence)),
                Cell(_lasted(alert)),
                Cell(value_of(alert, alert.worst)),
                Cell(alert.acknowledged_by_name or "–"),
            ),
        )
        for alert in ended
    ]
    record_table(_COLUMNS, rows, name=_("Alerts before"), key="alerts_before")


def _lasted(alert: Alert) -> str:
    assert alert.ended_at is not None  # noqa: S101 (only those that ended are shown)
    return seconds((alert.ended_at - alert.began_at).total_seconds())
