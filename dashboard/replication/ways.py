"""The row of links between the pages of the engine room."""

from typing import Final

import streamlit as st

from dashboard.navigation import path_of

_WAYS: Final = (
    ("replication.py", "Now", "dns"),
    ("alerts.py", "Alerts", "notifications"),
    ("cluster_history.py", "History", "history"),
    ("drills.py", "Drills", "fire_extinguisher"),
    ("switchover.py", "Change the primary", "swap_horiz"),
    ("one_server.py", "Servers", "storage"),
    ("steering.py", "Steering", "tune"),
)


def ways() -> None:
    """Lead to all of them; Streamlit marks the one that is open."""
    with st.container(horizontal=True, gap="small"):
        for file, label, icon in _WAYS:
            st.page_link(
                path_of(file),
                label=label,
                icon=f":material/{icon}:",
                width="content",
            )
