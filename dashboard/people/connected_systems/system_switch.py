"""Switches a connected system off, after a question, and on again."""

import streamlit as st

from dashboard.context import current_actor, current_sign_in, write
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.people import connected_systems
from services.people.connected_systems import ConnectedSystem


def switch_button(system: ConnectedSystem) -> None:
    """Offer to switch the system off or on, whichever it is not."""
    if system.is_on:
        if st.button(_("Switch off"), key="system_off", icon=":material/block:"):
            _confirm_off(system)
    elif st.button(
        _("Switch on"), key="system_on", type="primary", icon=":material/check_circle:"
    ):
        actor, sign_in = current_actor(), current_sign_in()
        write(
            lambda s: connected_systems.switch_on(
                s, actor, system.id, session_id=sign_in
            )
        )
        notify(_("{name} is on.").format(name=plain(system.name)), icon="check_circle")
        st.rerun()


@dialog(marked("Switch this system off?"), icon=":material/block:")
def _confirm_off(system: ConnectedSystem) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{name}** gets no more tokens, and those that it has end at once. It "
                "can be switched on again."
            ).format(name=plain(system.name))
        )
        if confirmed(_("Switch off"), key="system_off_confirm"):
            actor = current_actor()
            write(lambda s: connected_systems.switch_off(s, actor, system.id))
            notify(_("{name} is off.").format(name=plain(system.name)), icon="block")
            st.rerun()
