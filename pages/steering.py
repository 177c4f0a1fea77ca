"""How the servers look after themselves: automatic failover, settings, replicas."""

import streamlit as st

from dashboard.acting import steering
from dashboard.acting.following import follow
from dashboard.acting.seeing import settings_now
from dashboard.confirming import ask_for_passkey
from dashboard.net import error_boundary
from dashboard.replication.ways import ways
from dashboard.widgets.page_header import page_header

page_header("Steering")
ways()
st.caption(
    "How the servers look after themselves, and how many of them there are. Each "
    "change needs a reason and is kept in the history."
)
with error_boundary():
    if not follow():
        config = settings_now()
        ask_for_passkey("Steering the servers")
        steering.automatic_failover(is_on=not config.get("pause"))
        steering.settings(config)
        steering.new_replica()
