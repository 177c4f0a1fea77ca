"""On pages whose deeds need a passkey: says so, and leads to using one."""

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, current_sign_in
from dashboard.leaving import CONFIRM_PATH
from dashboard.navigation import leave_for
from services import confirmations


def ask_for_passkey(deeds: str) -> bool:
    """Tell whether a passkey was used just now, and offer to use one if not.

    `deeds` says what it is needed for, such as "Changing people's roles". Put it above
    the form: leaving later would lose what was typed. It keeps nobody from anything;
    services do, see services.confirmations.
    """
    actor, sign_in = current_actor(), current_sign_in()
    # Of the primary if it can be had: a replica may not know yet what was confirmed a moment ago.
    is_fresh = wiring.current().database.read_newest(
        lambda session: confirmations.is_fresh(session, actor, sign_in),
        acting=actor.acting,
    )
    if is_fresh.value:
        return True
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(
            f"{deeds} needs a passkey that was used in the last five minutes.",
            width="stretch",
        )
        if st.button(
            "Confirm with a passkey", key="confirming_leave", icon=":material/passkey:"
        ):
            leave_for(CONFIRM_PATH)
    return False
