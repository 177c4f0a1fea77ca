"""Records that may be of the same person: how alike, why, and what to do about it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import streamlit as st

from dashboard.widgets.words import born, full_name, plain
from services.duplicates import LIKELY, Candidate


def candidate_list(
    page: str, found: Sequence[Candidate], today: date, *, action: str
) -> UUID | None:
    """Show each candidate with score and reasons; return the one acted on."""
    chosen = None
    for candidate in found:
        patient = candidate.patient
        with (
            st.container(border=True),
            st.container(horizontal=True, vertical_alignment="center"),
        ):
            with st.container(width="stretch", gap="xxsmall"):
                st.markdown(
                    f"**{plain(full_name(patient))}**, born {born(patient, today)}"
                )
                st.caption(plain(_reasons(candidate)))
            likely = candidate.score >= LIKELY
            st.badge(
                f"{candidate.score} % alike",
                icon=":material/group:",
                color="orange" if likely else "gray",
            )
            if st.button(action, key=f"{page}_candidate_{patient.id}"):
                chosen = patient.id
    return chosen


def _reasons(candidate: Candidate) -> str:
    reasons = ", ".join(candidate.reasons)
    return reasons[:1].upper() + reasons[1:]
