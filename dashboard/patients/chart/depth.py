"""How far back the lists of a patient's chart reach, and how to see more."""

from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.ui.language import decimal, gettext as _
from dashboard.ui.lists.cut_notice import offer_more

AT_A_TIME: Final = 100
_PAGES: Final = "chart_pages"


def most_shown(patient_id: UUID) -> int:
    """Return how many of a patient's visits, notes and prescriptions are read, each."""
    known, pages = st.session_state.get(_PAGES, (None, 1))
    return AT_A_TIME * (pages if known == patient_id else 1)


def offer_earlier(patient_id: UUID, number: int, latest: str, *, key: str) -> None:
    """If the list is cut at the limit, say so, and offer the earlier entries.

    `latest` is the sentence, in the language of the page, with {number} in it.
    """
    most = most_shown(patient_id)
    if number < most:
        return
    said = latest.format(number=decimal(most))
    if offer_more(said, _("Show earlier"), key=key):
        st.session_state[_PAGES] = (patient_id, most // AT_A_TIME + 1)
        # The whole page: its other parts show more of them, too.
        st.rerun()
