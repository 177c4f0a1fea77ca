"""Alerts: what is wrong with the servers, what was, and when an alert begins."""

import streamlit as st

from dashboard.cluster.alerts.alert_list import show_alerts
from dashboard.cluster.alerts.alert_rules import show_rules
from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header

page_header(_("Alerts"))
show_page_links()
st.caption(
    _(
        "An alert begins when something has been over its threshold for long enough, "
        "and ends by itself. Acknowledge it, so that nobody else starts working on it "
        "too."
    )
)
show_alerts()
st.subheader(_("Rules"), anchor=False)
with error_boundary():
    show_rules()
