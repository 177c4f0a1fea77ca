"""The steps of an operation, with the second at which each began."""

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from dashboard.ui.language import gettext as _
from dashboard.ui.language.recorded_sentences import translate_recorded
from dashboard.ui.words import plain


def show_step_log(steps: Sequence[Mapping[str, Any]]) -> None:
    """Show the steps, folded; nothing without any."""
    if not steps:
        return
    lines = [
        f"`{float(step['seconds']):6.1f} s` "
        f"{plain(translate_recorded(str(step['sentence'])))}"
        for step in steps
    ]
    with st.expander(_("Step by step"), icon=":material/list:"):
        st.markdown("  \n".join(lines))
