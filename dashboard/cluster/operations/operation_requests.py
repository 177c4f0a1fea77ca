"""Starts operations, and remembers which one this page follows."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.cluster.operations.cluster_view import current_operation
from dashboard.context import act_on_servers, current_actor, current_sign_in, write
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_line
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from services.cluster import operations
from services.cluster.operations import OperationRequest, RunningOperation
from services.core.reasons import LONGEST

_FOLLOWED: Final = "acting_run"


def start_operation(request: OperationRequest) -> None:
    """Start an operation and follow it on this page; show here why it is refused."""
    # An error boundary of its own: the forms below stay, with what is typed in them.
    with error_boundary():
        operation = act_on_servers(request)
        if operation is None:
            notify(_("The switchover is planned."), icon="event")
        else:
            st.session_state[_FOLLOWED] = operation.id
        st.rerun()


def cancel(planned_id: UUID) -> None:
    """Cancel the planned switchover, or show here why that is refused."""
    actor, sign_in = current_actor(), current_sign_in()
    with error_boundary():
        write(
            lambda session: operations.cancel(
                session, actor, planned_id, session_id=sign_in
            )
        )
        notify(_("The switchover is cancelled."), icon="event_busy")
        st.rerun()


def followed_operation() -> RunningOperation | None:
    """Return the operation this page follows: its own, or the running one."""
    runner = wiring.current().runner
    return runner.run(st.session_state.get(_FOLLOWED)) or current_operation()


def let_go() -> None:
    """Stop following an operation."""
    st.session_state.pop(_FOLLOWED, None)


def ask_reason(page: str) -> str:
    """Ask for the reason; it is kept with the operation for ever."""
    return bounded_line(
        _("Why"),
        key=f"{page}_reason",
        longest=LONGEST,
        placeholder=_("Ten characters or more; kept in the history"),
    )
