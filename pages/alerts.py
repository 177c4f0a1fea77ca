"""Alerts: what is wrong with the servers, what was, and when one is to begin."""

import streamlit as st

from dashboard.net import error_boundary
from dashboard.replication.alert_rules import rules
from dashboard.replication.alerting import alerts_now
from dashboard.replication.ways import ways
from dashboard.widgets.page_header import page_header

page_header("Alerts")
ways()
st.caption(
    "An alert begins when something was over its bar for long enough, and ends by "
    "itself. Whoever sees to it says so here, so that nobody else starts as well."
)
alerts_now()
st.subheader("Rules", anchor=False)
with error_boundary():
    rules()
