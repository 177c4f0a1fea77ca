"""What this web server keeps for the audit log, shown where servers are watched."""

from datetime import datetime

import streamlit as st

from dashboard.cluster.monitoring.observations import kept_for_the_log
from dashboard.context import in_zone
from dashboard.ui.clock import time_of_day
from dashboard.ui.language import decimal, gettext as _, ngettext, short_date
from dashboard.ui.words import plain
from services.cluster.monitoring import ClusterSnapshot


def show_spooled(snapshot: ClusterSnapshot) -> None:
    """Show what waits; with a primary nothing should, so also what to do then."""
    kept = kept_for_the_log()
    if kept.oldest_at is not None:
        sentence = waiting_sentence(kept.records, in_zone(kept.oldest_at))
        if snapshot.primary is None:
            then = _("They are written to it as soon as a server leads.")
            st.caption(f"{sentence} {then}")
        else:
            _warn(
                sentence,
                _(
                    "Wait a minute: there is a primary to take them. If they stay, "
                    "this web server's log says why; most often its key file is "
                    "missing."
                ),
            )
    if kept.damaged:
        _warn(
            damaged_sentence(kept.damaged),
            _(
                "Keep the files named *.damaged in the folder spool of this web "
                "server's data, and find out who could write there. Everything that "
                "was not changed is in the audit log."
            ),
        )


def waiting_sentence(records: int, oldest_at: datetime) -> str:
    """Return how many looks wait, and since when, as a sentence."""
    return ngettext(
        "{count} record view is waiting on this web server's disk for the audit log, "
        "since {time}.",
        "{count} record views are waiting on this web server's disk for the audit "
        "log, since {time}.",
        records,
    ).format(
        count=decimal(records),
        time=f"{short_date(oldest_at)}, {time_of_day(oldest_at, has_seconds=True)}",
    )


def damaged_sentence(files: int) -> str:
    """Return how many files somebody has changed, as a sentence."""
    return ngettext(
        "Somebody has changed {count} file of record views kept for the audit log.",
        "Somebody has changed {count} files of record views kept for the audit log.",
        files,
    ).format(count=decimal(files))


def _warn(sentence: str, next_action: str) -> None:
    st.warning(with_next(plain(sentence), next_action), icon=":material/history_edu:")


def with_next(text: str, next_action: str) -> str:
    """Return a text with what to do next on a line of its own."""
    return f"{text}  \n**{_('Next:')}** {plain(next_action)}"
