"""Shows from when to when the clinic can be taken back to any second."""

from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Final

import streamlit as st

from dashboard.context import now
from dashboard.ui.language import gettext as _
from dashboard.ui.language.backup_failures import translate_failure
from dashboard.ui.measures import ago
from dashboard.ui.words import plain, to_the_second
from services.backups import BackupWindow, LogState

_MOST_LISTED: Final = 4


def show_window(log: LogState, every: timedelta | None) -> None:
    """Show which times the log leads to, and why not to more."""
    if log.failure:
        st.error(plain(translate_failure(log.failure)), icon=":material/error:")
    if every is None:
        st.info(
            _(
                "No log is kept between two backups while none is made automatically "
                "(CHARTROOM_BACKUP_EVERY_HOURS is 0)."
            ),
            icon=":material/info:",
        )
    if log.position is not None and log.position.is_cut_off:
        st.warning(
            _(
                "There is a gap in the log after the newest backup: a new backup is "
                "made within minutes, and a new window begins with it."
            ),
            icon=":material/warning:",
        )
    window = log.window
    if window is None:
        if every is not None and not log.failure:
            st.info(
                _(
                    "The log does not lead to any time yet: it is kept from a few "
                    "minutes after the worker's start, and from each backup on."
                ),
                icon=":material/info:",
            )
        return
    st.markdown(
        _(
            "**You can go back to any second from {since} to {until}** ({ago}). To "
            "look at one: `python -m dashboard restore --look --to {named}`"
        ).format(
            since=to_the_second(window.since),
            until=to_the_second(window.until),
            ago=ago(now() - window.until),
            named=f"{window.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        )
    )
    _show_earlier([each for each in log.windows if each is not window])


def _show_earlier(windows: Sequence[BackupWindow]) -> None:
    if not windows:
        return
    spans = [
        (
            _("any second from {since} to {until}")
            if each.has_log
            else _("only {since}")
        ).format(since=to_the_second(each.since), until=to_the_second(each.until))
        for each in windows[-_MOST_LISTED:]
    ]
    gaps = _("Before gaps in the log, also: {windows}.")
    st.caption(gaps.format(windows="; ".join(spans)))
