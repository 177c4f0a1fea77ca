"""How one database server is, in a few figures."""

import streamlit as st

from services.cluster.operations import ServerSituation

# Two of them fit side by side on a phone.
_WIDTH = 165


def server_facts(server: ServerSituation) -> None:
    """Say whether it leads, streams or neither, and how far it is behind."""
    if server.is_leading:
        st.badge("Primary", icon=":material/star:", color="blue")
    elif not server.is_answering:
        st.badge("Does not answer", icon=":material/cloud_off:", color="red")
    elif server.is_streaming:
        st.badge("Streaming", icon=":material/check:", color="green")
    else:
        st.badge(
            f"Not streaming: {server.state}", icon=":material/warning:", color="orange"
        )
    if server.is_restart_pending:
        st.info("New settings wait for a restart.", icon=":material/restart_alt:")
    with st.container(horizontal=True):
        timeline = "not known" if server.timeline is None else str(server.timeline)
        st.metric("Timeline", timeline, border=True, width=_WIDTH)
        if not server.is_leading:
            behind = server.behind_bytes
            told = "not known" if behind is None else f"{behind:,} bytes"
            st.metric("Behind", told, border=True, width=_WIDTH)
            waits = "yes" if server.is_waited_for else "no"
            st.metric("Commits wait for it", waits, border=True, width=_WIDTH)
