"""One database server: how it is, and what can be done to it."""

import streamlit as st

from dashboard.acting.following import follow
from dashboard.acting.one_server import deeds_of
from dashboard.acting.seeing import situation
from dashboard.confirming import ask_for_passkey
from dashboard.net import error_boundary
from dashboard.replication.ways import ways
from dashboard.widgets.page_header import page_header
from dashboard.widgets.server_facts import server_facts
from dashboard.widgets.words import plain

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
