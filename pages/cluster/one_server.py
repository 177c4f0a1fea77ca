"""The servers: all side by side, and the operations on one of them."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.cluster.monitoring.server_table import (
    REQUESTED,
    show_members,
    show_others,
)
from dashboard.cluster.operations.cluster_view import situation
from dashboard.cluster.operations.running_operation import show_running
from dashboard.cluster.operations.server_operations import show_server_operations
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.cluster.operations import ServerSituation

# Two of them fit side by side on a phone.
_WIDTH = 165
_NAME = "server_name"


def show_server_facts(server: ServerSituation) -> None:
    """Show whether the server leads, streams or neither, and how far it is behind."""
    if server.is_leading:
        st.badge(_("Primary"), icon=":material/star:", color="blue")
    elif not server.is_answering:
        st.badge(_("Does not answer"), icon=":material/cloud_off:", color="red")
    elif server.is_streaming:
        st.badge(_("Streaming"), icon=":material/check:", color="green")
    else:
        wrong = _("Not streaming: {state}").format(
            state=translate_recorded(server.state)
        )
        st.badge(wrong, icon=":material/warning:", color="orange")
    if server.is_restart_pending:
        st.info(_("New settings wait for a restart."), icon=":material/restart_alt:")
    with st.container(horizontal=True):
        timeline = _("not known") if server.timeline is None else str(server.timeline)
        st.metric(_("Timeline"), timeline, border=True, width=_WIDTH)
        if not server.is_leading:
            behind = server.behind_bytes
            distance = _("not known")
            if behind is not None:
                distance = _("{count} bytes").format(count=decimal(behind))
            st.metric(_("Behind"), distance, border=True, width=_WIDTH)
            waits = _("yes") if server.is_waited_for else _("no")
            st.metric(_("Synchronous"), waits, border=True, width=_WIDTH)


page_header(_("Servers"))
show_page_links()
show_members()
show_others()
with error_boundary():
    st.subheader(_("One server"), anchor=False)
    is_busy = show_running()
    current = situation()
    names = [server.name for server in current.servers]
    requested = st.query_params.get("node", "")
    # Somebody who comes back to an address finds the earlier choice reset.
    is_anew = st.session_state.get(REQUESTED) != requested
    if requested in names and (is_anew or _NAME not in st.session_state):
        st.session_state[_NAME] = requested
    st.session_state[REQUESTED] = requested
    name = st.selectbox(
        _("Which server"),
        names,
        key=_NAME,
    )
    if requested and requested not in names:
        st.warning(
            _(
                "There is no server {missing}; this is {name}. Choose another one "
                "above."
            ).format(missing=plain(requested), name=plain(name)),
            icon=":material/search_off:",
        )
    server = current.server(name)
    if server is not None:
        show_server_facts(server)
        if not is_busy:
            ask_for_passkey(_("Acting on a server"))
            show_server_operations(server, current)
