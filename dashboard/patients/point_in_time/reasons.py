"""The form that asks why something is restored as it was."""

from uuid import UUID

import streamlit as st

from dashboard.ui.fields import bounded_area
from dashboard.ui.language import gettext as _
from services.core.reasons import LONGEST


def ask_why(name: str, of: UUID, label: str, caption: str = "") -> str | None:
    """Draw the form with this label on its button; return the reason once it is sent.

    `name` begins the keys of the form, its field and its button. The keys contain the
    record `of` which it is: a reason for one record must not appear for the next one.
    """
    key = f"{name}_{of.hex}"
    with st.form(f"{key}_form"):
        if caption:
            st.caption(caption)
        reason = bounded_area(_("Reason"), key=f"{key}_reason", longest=LONGEST)
        is_wanted = st.form_submit_button(
            label, type="primary", key=f"{key}_copy", icon=":material/history:"
        )
    return reason if is_wanted else None
