"""The row of links between the pages about replication."""

from typing import Final

import streamlit as st

from dashboard.navigation import path_of
from dashboard.ui.language import gettext as _, marked

_WAYS: Final = (
    ("cluster/replication.py", marked("Now"), "dns"),
    ("cluster/alerts.py", marked("Alerts"), "notifications"),
    ("cluster/cluster_history.py", marked("History"), "history"),
    ("cluster/drills.py", marked("Drills"), "fire_extinguisher"),
    ("backups/backups.py", marked("Backups"), "backup"),
    ("cluster/availability.py", marked("Availability"), "event_available"),
    ("cluster/slow_queries.py", marked("Slow queries"), "speed"),
    ("cluster/vacuum.py", marked("Vacuum"), "cleaning_services"),
    ("cluster/switchover.py", marked("Change the primary"), "swap_horiz"),
    ("cluster/one_server.py", marked("Servers"), "storage"),
    ("cluster/steering.py", marked("Cluster settings"), "tune"),
)


def show_page_links(*, without: str = "") -> None:
    """Link to all of them; Streamlit marks the one that is open.

    A page to which a button of this page leads already is left out, given by its file.
    """
    with st.container(horizontal=True, gap="small"):
        for file, label, icon in _WAYS:
            if file == without:
                continue
            st.page_link(
                path_of(file),
                label=_(label),
                icon=f":material/{icon}:",
                width="content",
            )
