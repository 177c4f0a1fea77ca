"""Drills: practise a disaster, see whether the promise holds, plan the next one."""

import streamlit as st

from dashboard.cluster.drill_pages import drill_controls
from dashboard.cluster.drill_pages.drill_progress import can_practise
from dashboard.cluster.drill_pages.drill_tables import show_kinds, show_results
from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.context import current_actor, freshness, read, today
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, translated
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.cluster import drills
from services.cluster.drill_kinds import DOCUMENT_PROMISE, SCENARIOS
from services.core.actors import Permission

actor = current_actor()
may_practise = actor.may(Permission.RUN_DRILLS)
page_header(_("Drills"))
show_page_links()
st.caption(
    _(
        "The clinic's target: {promise}. Chartroom promises better than that for every "
        "drill."
    ).format(promise=plain(translated(DOCUMENT_PROMISE)))
)
with error_boundary():
    on = today()
    history, plans = read(
        lambda session: (
            drills.list_drills(session, actor),
            drills.list_plans(session, actor, today=on),
        )
    )
    if due := [_(SCENARIOS[plan.kind].title) for plan in plans if plan.is_due]:
        listed = _("Due: {drills}.").format(drills=", ".join(due))
        st.warning(listed, icon=":material/event:")
    if not can_practise():
        st.info(
            _(
                "These servers are not Chartroom's own, so they cannot be broken from "
                "here. On a test cluster: python -m dashboard drill KIND."
            ),
            icon=":material/terminal:",
        )
    elif may_practise:
        ask_for_passkey(_("Running a failover drill"))
    drill_controls.show_watched(history)
    if may_practise:
        st.caption(
            _(
                "*Run* starts one now; *Plan* sets when it is due next, and reminds "
                "the administrators by e-mail on that day."
            )
        )
    newest = {
        drill.kind: drill for drill in reversed(history) if drill.state != "running"
    }
    choice = show_kinds(
        plans,
        newest,
        on,
        may_run=may_practise and can_practise(),
        may_plan=may_practise,
    )
    st.subheader(_("Results"), anchor=False)
    chosen = show_results(history) if history else None
    if not history:
        empty_state(_("No drill has run yet. Start with a switchover."), icon="flag")
    st.caption(freshness())
    if choice is not None and choice[1] == "practise":
        drill_controls.confirm(choice[0])
    elif choice is not None:
        drill_controls.change_plan(
            next(plan for plan in plans if plan.kind == choice[0])
        )
    elif chosen is not None:
        drill_controls.show_details(chosen)
