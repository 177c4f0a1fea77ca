"""The cohort or figure behind the key in the address, and how it is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.analytics import question_address
from dashboard.analytics.disclosed_answers import disclosed_answer
from dashboard.context import current_actor, read, today
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.language import gettext as _, translated
from dashboard.ui.words import capitalised
from services.analytics import cohorts, figures
from services.analytics.cohorts import (
    Cohort,
    CohortResult,
    Comparison,
    Dimension,
    UndisclosedAnswer,
)
from services.analytics.cohorts.wording import cohort_phrase
from services.analytics.dashboards import choosing
from services.analytics.figures import Figure, FigureResult
from services.analytics.figures.wording import figure_phrase
from services.core.actors import Actor

_COMPARED: Final = "compare"
# If it cannot be saved, only the session knows it.
_UNSAVED: Final = "cohorts_unsaved"
_KEY_SECONDS: Final = 600.0
_COHORT_ANSWER: Final = "cohorts_told"
_FIGURE_ANSWER: Final = "cohorts_told_figure"
_COMPARISON_ANSWER: Final = "cohorts_told_comparison"
# The result of narrowing by a chosen bar, and the key of what it was before.
_NARROWED: Final = "cohorts_narrowed"


def find_current() -> Cohort | Figure | None:
    """Return what is to be shown, None before anything is; raises NotFound."""
    if key := question_address.current_key():
        actor = current_actor()
        return read(
            lambda session: figures.recall(session, actor, key),
            keep=("figure", key),
            seconds=_KEY_SECONDS,
        )
    unsaved: Cohort | Figure | None = st.session_state.get(_UNSAVED)
    return unsaved


def show(question: Cohort | Figure) -> None:
    """Show a cohort or a figure on this page; raises InvalidInput if it is neither."""
    actor = current_actor()

    def remember(session: Session) -> str:
        if isinstance(question, Figure):
            return figures.remember(session, actor, question)
        return cohorts.remember(session, actor, question)

    question_address.open_question(question, remember, unsaved=_UNSAVED)


def narrow_to(figure: Figure, chosen: Mapping[Dimension, str]) -> None:
    """Show the figure narrowed to the chosen bar's values, until that is undone.

    Raises InvalidInput if nothing is left.
    """
    narrowed = choosing.narrow_to(figure, chosen, today())
    if narrowed != figure:
        st.session_state[_NARROWED] = (narrowed, question_address.current_key())
        show(narrowed)


def show_undo(question: Cohort | Figure | None) -> None:
    """Offer the way back from a figure that was narrowed by a chosen bar."""
    narrowed, before = st.session_state.get(_NARROWED, (None, ""))
    # If nothing could be saved, there was no address to go back to.
    if not before or question != narrowed:
        return
    if st.button(
        _("Undo"),
        key="cohorts_undo",
        icon=":material/undo:",
        help=_("Back to the figure from before you chose a bar"),
    ):
        question_address.put_key_in_address(before)
        st.rerun()


def count(cohort: Cohort) -> CohortResult:
    """Return the cohort's counts, on the clinic's clock; raises RevealsFew."""
    least = smallest_group()

    def counted(
        session: Session, actor: Actor, at: datetime
    ) -> UndisclosedAnswer[CohortResult]:
        return cohorts.count(session, actor, cohort, now=at, smallest_group=least)

    return disclosed_answer(_COHORT_ANSWER, (cohort, least), counted)


def count_figure(figure: Figure) -> FigureResult:
    """Return the figure's numbers, on the clinic's clock; raises RevealsFew."""
    least = smallest_group()

    def counted(
        session: Session, actor: Actor, at: datetime
    ) -> UndisclosedAnswer[FigureResult]:
        return figures.count(session, actor, figure, now=at, smallest_group=least)

    answer = disclosed_answer(_FIGURE_ANSWER, (figure, least), counted)
    # An answer does not say how it is drawn.
    return replace(answer, figure=figure)


def compared_keys() -> list[str]:
    """Return the keys of the cohorts to be compared, from the address."""
    return [key for key in st.query_params.get(_COMPARED, "").split(",") if key]


def put_compared_in_address(keys: Sequence[str]) -> None:
    """Have the address name the cohorts to compare, from the next run on."""
    st.query_params.from_dict({_COMPARED: ",".join(keys)})


def compare(keys: Sequence[str]) -> Comparison:
    """Return the cohorts behind the keys side by side; raises RevealsFew, NotFound."""
    least = smallest_group()

    def counted(
        session: Session, actor: Actor, at: datetime
    ) -> UndisclosedAnswer[Comparison]:
        compared = [cohorts.recall(session, actor, key) for key in keys]
        return cohorts.compare(session, actor, compared, now=at, smallest_group=least)

    return disclosed_answer(_COMPARISON_ANSWER, (tuple(keys), least), counted)


def sentences_of(keys: Sequence[str]) -> list[str]:
    """Return the cohorts behind the keys as sentences, in the language of the page."""
    return [sentence_of(_recall_cohort(key)) for key in keys]


def sentence_of(question: Cohort | Figure) -> str:
    """Return a cohort or a figure as a sentence, in the language of the page."""
    if isinstance(question, Figure):
        return f"{capitalised(translated(figure_phrase(question)))}."
    return f"{capitalised(translated(cohort_phrase(question)))}."


def _recall_cohort(key: str) -> Cohort:
    actor = current_actor()
    return read(
        lambda session: cohorts.recall(session, actor, key),
        keep=("cohort", key),
        seconds=_KEY_SECONDS,
    )
