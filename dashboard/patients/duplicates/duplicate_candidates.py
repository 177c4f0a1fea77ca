"""Records that may be of the same person: how alike, why, and what to do about them."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor, read
from dashboard.ui.language import gettext as _, translated
from dashboard.ui.words import born, full_name, plain
from services.patients.duplicates.duplicates import (
    DuplicateCandidate,
    find_duplicates,
)
from services.patients.duplicates.scores import LIKELY
from services.patients.records.model import PatientDraft


def likely_duplicates(draft: PatientDraft) -> list[DuplicateCandidate]:
    """Return the records that are probably of this very person."""
    candidates = read(lambda s: find_duplicates(s, current_actor(), draft))
    return [candidate for candidate in candidates if candidate.score >= LIKELY]


def show_candidates(
    page: str, candidates: Sequence[DuplicateCandidate], today: date, *, action: str
) -> UUID | None:
    """Show each candidate; return the one whose button was pressed."""
    chosen = None
    for candidate in candidates:
        if show_candidate(page, candidate, today, action):
            chosen = candidate.patient.id
    return chosen


def show_candidate(
    page: str,
    candidate: DuplicateCandidate,
    today: date,
    action: str,
    *,
    title: str = "",
) -> bool:
    """Show how alike a candidate is, and why; return whether its button was pressed."""
    name = title or full_name(candidate.patient)
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(
                _("**{name}**, born {day}").format(
                    name=plain(name), day=born(candidate.patient, today)
                )
            )
            st.caption(plain(_reasons(candidate)))
        st.badge(
            _("{score}% match").format(score=candidate.score),
            icon=":material/group:",
            color="orange" if candidate.score >= LIKELY else "gray",
        )
        return st.button(action, key=f"{page}_candidate_{candidate.patient.id}")


def _reasons(candidate: DuplicateCandidate) -> str:
    reasons = ", ".join(map(translated, candidate.reasons))
    return reasons[:1].upper() + reasons[1:]
