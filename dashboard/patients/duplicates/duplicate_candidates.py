"""Records that may be of the same person: how alike, why, and what to do about it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import streamlit as st

from dashboard.ui.words import born, full_name, plain
from services.patients.duplicates.duplicates import LIKELY, DuplicateCandidate


def candidate_list(
    page: str, found: Sequence[DuplicateCandidate], today: date, *, action: str
) -> UUID | None:
    """Show each candidate; return the one acted on."""
    chosen = None
    for one in found:
        if candidate(page, one, today, action):
            chosen = one.patient.id
    return chosen


def candidate(
    page: str, one: DuplicateCandidate, today: date, action: str, *, title: str = ""
) -> bool:
    """Show how alike a candidate is, and why; tell whether to act on it."""
    name = title or full_name(one.patient)
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(name)}**, born {born(one.patient, today)}")
            st.caption(plain(_reasons(one)))
        st.badge(
            f"{one.score} % alike",
            icon=":material/group:",
            color="orange" if one.score >= LIKELY else "gray",
        )
        return st.button(action, key=f"{page}_candidate_{one.patient.id}")


def _reasons(one: DuplicateCandidate) -> str:
    reasons = ", ".join(one.reasons)
    return reasons[:1].upper() + reasons[1:]
