"""What this web server keeps for the audit log, said where servers are watched."""

from datetime import datetime

import streamlit as st

from dashboard.cluster.monitoring.observations import kept_for_the_log
from dashboard.context import in_zone
from dashboard.ui.words import plain
from services.cluster.monitoring import ClusterSnapshot


def show_spooled(snapshot: ClusterSnapshot) -> None:
    """Say what waits; with a primary it should not, so also what to do then."""
    kept = kept_for_the_log()
    if kept.oldest_at is not None:
        sentence = waiting_sentence(kept.records, in_zone(kept.oldest_at))
        if snapshot.primary is None:
            st.caption(
                f"{sentence} They are written into it as soon as somebody leads."
            )
        else:
            _warn(
                sentence,
                "Wait a minute: a primary is there to take them. If they stay, this "
                "web server's log says why; most often its file of keys is missing.",
            )
    if kept.damaged:
        _warn(
            damaged_sentence(kept.damaged),
            "Keep what is called *.damaged in the folder spool of this web server's "
            "data, and find out who could write there. All that was not changed is "
            "in the audit log.",
        )


def waiting_sentence(records: int, oldest_at: datetime) -> str:
    """Return how many looks wait, and since when."""
    what = "1 look waits" if records == 1 else f"{records:,} looks wait"
    return (
        f"{what} on this web server's disk for the audit log, "
        f"since {oldest_at:%d %B, %H:%M:%S}."
    )


def damaged_sentence(files: int) -> str:
    """Return how many files somebody has changed."""
    which = "1 file" if files == 1 else f"{files:,} files"
    return f"Somebody has changed {which} of looks kept for the audit log."


def _warn(sentence: str, next_action: str) -> None:
    text = f"{plain(sentence)}  \n**Next:** {plain(next_action)}"
    st.warning(text, icon=":material/history_edu:")
