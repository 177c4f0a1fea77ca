"""One database server: how it is, and what can be done to it."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import ways
from dashboard.cluster.monitoring.server_facts import server_facts
from dashboard.cluster.operations.cluster_view import situation
from dashboard.cluster.operations.running_operation import follow
from dashboard.cluster.operations.server_operations import deeds_of
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain

page_header("Servers")
ways()
with error_boundary():
    is_busy = follow()
    found = situation()
    names = [one.name for one in found.servers]
    asked = st.query_params.get("node", "")
    name = st.selectbox(
        "Which server",
        names,
        index=names.index(asked) if asked in names else 0,
        key="server_name",
    )
    if asked and asked not in names:
        st.warning(
            f"There is no server {plain(asked)}; this is {name}. Choose another one "
            "above.",
            icon=":material/search_off:",
        )
    server = found.server(name)
    if server is not None:
        server_facts(server)
        if not is_busy:
            ask_for_passkey("Acting on a server")
            deeds_of(server, found)
