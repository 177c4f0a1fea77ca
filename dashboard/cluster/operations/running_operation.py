"""An operation while it runs, and its cost once it is done."""

import streamlit as st

from dashboard.cluster.operations.operation_requests import followed_operation, let_go
from dashboard.cluster.operations.operation_result import show_cost, show_steps
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import plain
from services.cluster.operations import TITLES

_EVERY = "0.5s"


def show_running() -> bool:
    """Show the running or just finished operation; return whether there is one.

    Nothing else can be started until somebody has closed the result.
    """
    operation = followed_operation()
    if operation is None:
        return False
    if operation.is_running:
        _show_progress()
        return True
    with st.container(border=True):
        st.subheader(_(TITLES[operation.request.kind]), anchor=False)
        if operation.cost is not None:
            show_cost(operation.cost)
        else:
            st.error(
                plain(translate_recorded(operation.refusal or "")),
                icon=":material/block:",
            )
        show_steps(operation.progress.steps)
        if st.button(_("Close"), key="acting_close", icon=":material/check:"):
            let_go()
            st.rerun()
    return True


@st.fragment(run_every=_EVERY)
def _show_progress() -> None:
    # From this process's memory alone: the database may be changing hands.
    with error_boundary():
        operation = followed_operation()
        if operation is None or not operation.is_running:
            st.rerun()
        with st.container(border=True):
            title = _(TITLES[operation.request.kind])
            going_on = _("{operation} under way").format(operation=title)
            st.subheader(going_on, anchor=False)
            st.caption(
                _(
                    "You can leave this page: the operation continues, and the "
                    "history has the result."
                )
            )
            if operation.progress.share is not None:
                st.progress(min(operation.progress.share, 1.0), _("Copied"))
            show_steps(operation.progress.steps, is_running=True)
