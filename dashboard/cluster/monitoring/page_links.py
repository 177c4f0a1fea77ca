"""The row of links between the pages of the engine room."""

from typing import Final

import streamlit as st

from dashboard.navigation import path_of

_WAYS: Final = (
    ("cluster/replication.py", "Now", "dns"),
    ("cluster/alerts.py", "Alerts", "notifications"),
    ("cluster/cluster_history.py", "History", "history"),
    ("cluster/drills.py", "Drills", "fire_extinguisher"),
    ("backups/backups.py", "Backups", "backup"),
    ("cluster/availability.py", "Availability", "event_available"),
    ("cluster/slow_queries.py", "Slow queries", "speed"),
    ("cluster/vacuum.py", "Vacuum", "cleaning_services"),
    ("cluster/switchover.py", "Change the primary", "swap_horiz"),
    ("cluster/one_server.py", "Servers", "storage"),
    ("cluster/steering.py", "Cluster settings", "tune"),
)


def show_page_links() -> None:
    """Lead to all of them; Streamlit marks the one that is open."""
    with st.container(horizontal=True, gap="small"):
        for file, label, icon in _WAYS:
            st.page_link(
                path_of(file),
                label=label,
                icon=f":material/{icon}:",
                width="content",
            )
