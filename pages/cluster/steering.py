"""How the servers look after themselves: automatic failover, settings, replicas."""

import streamlit as st

from dashboard.cluster.monitoring.page_links import ways
from dashboard.cluster.operations import steering
from dashboard.cluster.operations.cluster_view import settings_now
from dashboard.cluster.operations.running_operation import follow
from dashboard.people.passkey_confirmation import ask_for_passkey
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header

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
