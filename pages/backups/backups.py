"""Backups: what there is of the clinic beside the clinic, and what was proven of it."""

import streamlit as st

from dashboard.backups.backup_overview import show_backups
from dashboard.cluster.monitoring.page_links import show_page_links
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.page_header import page_header

page_header("Backups")
show_page_links()
st.caption(
    "A backup has the rows, the files and the audit log of one time, sealed with keys "
    "of the data folder. It leads back to that time, not to others between two backups."
)
with error_boundary():
    show_backups()
