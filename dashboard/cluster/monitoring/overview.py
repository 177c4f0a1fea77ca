"""The top of the page Replication: is it safe, who follows whom, what to expect."""

from datetime import datetime
from typing import Final

import streamlit as st

from dashboard.cluster.monitoring.card_lines import cards_of
from dashboard.cluster.monitoring.observations import (
    current_snapshot,
    settings_of,
    site_position,
)
from dashboard.cluster.monitoring.promises import Promise, promise_of
from dashboard.cluster.monitoring.replication_tree import boxes_of, describe_tree
from dashboard.cluster.monitoring.server_cards import show_server_cards
from dashboard.cluster.monitoring.spooled import show_spooled, with_next
from dashboard.cluster.monitoring.supervision import is_supervised
from dashboard.cluster.monitoring.topology import show_topology
from dashboard.context import current_actor, in_zone, now
from dashboard.ui.clock import time_of_day
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.measures import UNKNOWN, seconds
from dashboard.ui.words import plain
from services.cluster.monitoring import ClusterSnapshot, SitePosition, verdict
from services.core.actors import Permission

# Files are known to be as new as MongoDB's last entry, which an idle one writes every
# ten seconds.
_LATE_SITE_SECONDS: Final = 60.0


@st.fragment(run_every="1s")
def show_state() -> None:
    """Show whether all is safe, and what waits to be recorded, redrawn every second."""
    with error_boundary():
        snapshot = current_snapshot()
        show_safety(snapshot)
        show_etcd(snapshot)
        show_spooled(snapshot)


@st.fragment(run_every="1s")
def show_servers() -> None:
    """Show the servers as they are, redrawn every second."""
    with error_boundary():
        snapshot = current_snapshot()
        if not snapshot.nodes:
            empty_state(_("No server is known yet."), icon="dns")
            return
        drawn, promised = st.columns([3, 2], gap="medium")
        with drawn:
            show_topology(
                boxes_of(snapshot),
                description=describe_tree(snapshot),
                key="replication_topology",
            )
        with promised:
            settings, supervised = settings_of(snapshot), is_supervised()
            show_promise(promise_of(snapshot, settings, is_supervised=supervised))
        may_act = current_actor().may(Permission.ACT_ON_CLUSTER)
        show_server_cards(
            cards_of(snapshot, leads_on=may_act), key="replication_servers"
        )
        st.caption(_as_of(snapshot))


def show_safety(snapshot: ClusterSnapshot) -> None:
    """Show in one sentence whether the records are safe, and what to do if not."""
    if (site := site_position()) is not None:
        _show_site(site)
        return
    judged = verdict(snapshot)
    text = plain(translate_recorded(judged.sentence))
    if judged.next_action:
        text = with_next(text, translate_recorded(judged.next_action))
    if judged.is_safe:
        st.success(text, icon=":material/verified_user:")
    elif snapshot.primary is None:
        st.error(text, icon=":material/emergency_home:")
        _show_absence(snapshot)
    else:
        st.warning(text, icon=":material/warning:")


def _show_site(site: SitePosition) -> None:
    """Show that this is a standby site, whom it follows, and how far behind it is."""
    lag = site.lag_seconds
    if lag is None:
        st.warning(
            _(
                "Standby site {site}: it is not known how current its data is. Check "
                "that its servers respond."
            ).format(site=plain(site.site)),
            icon=":material/public:",
        )
        return
    as_of = in_zone(site.as_of) if site.as_of else now()
    sentence = _(
        "Standby site {site}: as of {time} at the main site, {span} behind. Nothing is "
        "saved here until it is promoted."
    ).format(
        site=plain(site.site),
        time=time_of_day(as_of, has_seconds=True),
        span=seconds(lag),
    )
    is_late = lag > _LATE_SITE_SECONDS
    shown, icon = (st.warning, "hourglass") if is_late else (st.info, "public")
    shown(sentence, icon=f":material/{icon}:")
    st.caption(
        _("Rows: as of {rows}. Files: as of {files}. It follows {servers}.").format(
            rows=_time_of(site.rows_at),
            files=_time_of(site.files_at),
            servers=plain(", ".join(site.main)),
        )
    )


def _time_of(at: datetime | None) -> str:
    return time_of_day(in_zone(at), has_seconds=True) if at else _(UNKNOWN)


def show_etcd(snapshot: ClusterSnapshot) -> None:
    """Show when etcd does not answer: all goes on, but nobody takes over by itself."""
    if snapshot.is_etcd_answering is False:
        st.warning(
            _(
                "etcd has not answered for {span}: nothing is lost, but if a server "
                "is lost, no other takes over automatically. Start etcd, and check "
                "its log."
            ).format(span=seconds(snapshot.etcd_silent_seconds)),
            icon=":material/link_off:",
        )


def show_promise(promise: Promise) -> None:
    """Show what to expect when a server is lost, and why."""
    icon = {"fence": "shield", "ttl": "timer", "paused": "pause_circle"}
    with st.container(border=True, gap="small"):
        symbol = icon.get(promise.kind, "front_hand")
        st.markdown(f":material/{symbol}: **{plain(promise.title)}**")
        st.markdown("  \n".join(f"{what}: {most}" for what, most in promise.figures))
        st.caption(f"{promise.why} {promise.loss}")


def _show_absence(snapshot: ClusterSnapshot) -> None:
    since = snapshot.leaderless_since
    if since is not None:
        lasted = seconds((snapshot.taken_at - since).total_seconds())
        st.caption(
            _(
                "No server has led since {time}, for {span}. Meanwhile this page uses "
                "the replicas, Patroni and memory; nothing that was saved before is "
                "lost by that."
            ).format(time=time_of_day(in_zone(since), has_seconds=True), span=lasted)
        )


def _as_of(snapshot: ClusterSnapshot) -> str:
    age = (now() - snapshot.taken_at).total_seconds()
    time = time_of_day(in_zone(snapshot.taken_at), has_seconds=True)
    if age > 5:  # noqa: PLR2004
        late = _("as of {time}, {span} old, every second")
        return late.format(time=time, span=seconds(age))
    return _("as of {time}, every second").format(time=time)
