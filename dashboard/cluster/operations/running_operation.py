"""An act while it is done, and what it cost once it is."""

import streamlit as st

from dashboard.cluster.operations.operation_requests import followed, let_go
from dashboard.cluster.operations.operation_result import act_result, act_steps
from dashboard.ui.error_boundary import error_boundary
from services.cluster.operations import TITLES

_EVERY = "0.5s"


def follow() -> bool:
    """Show what is being done, or was just done; tell whether there is either.

    Until whoever reads it has closed the result, nothing else is offered to be done.
    """
    run = followed()
    if run is None:
        return False
    if run.is_running:
        _watch()
        return True
    with st.container(border=True):
        st.subheader(TITLES[run.order.act], anchor=False)
        if run.cost is not None:
            act_result(run.cost)
        else:
            st.error(run.refusal or "", icon=":material/block:")
        act_steps(run.progress.steps)
        if st.button("Close", key="acting_close", icon=":material/check:"):
            let_go()
            st.rerun()
    return True


@st.fragment(run_every=_EVERY)
def _watch() -> None:
    # Of this process's memory alone: the database may be changing hands.
    with error_boundary():
        run = followed()
        if run is None or not run.is_running:
            st.rerun()
        with st.container(border=True):
            st.subheader(f"{TITLES[run.order.act]} under way", anchor=False)
            st.caption(
                "You may leave this page: it goes on, and the history has the result."
            )
            if run.progress.share is not None:
                st.progress(min(run.progress.share, 1.0), "Copied")
            act_steps(run.progress.steps, is_running=True)
