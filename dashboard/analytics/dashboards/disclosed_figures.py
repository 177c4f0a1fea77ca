"""Figures of many cards: counted on a replica, disclosed once, kept in the session."""

from collections.abc import Hashable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import ReadAsOf, current_actor, now, write
from dashboard.patients.search.disclosed_lists import smallest_group
from services.analytics import cohorts, figures
from services.analytics.cohorts import RevealsFew, UndisclosedAnswer
from services.analytics.figures import Chart, Figure, FigureResult

_ANSWERS: Final = "dashboards_told"
# As long as for lists without names: after that, a figure is counted again.
_CACHED_FOR: Final = timedelta(minutes=10)
_MOST_CACHED: Final = 64

_Answer = FigureResult | RevealsFew


def disclosed_figure(figure: Figure, read: ReadAsOf) -> FigureResult:
    """Return a figure's numbers; those disclosed a short while ago, if any.

    A refusal is kept as well: a click elsewhere neither counts nor refuses again.
    Raises RevealsFew, InvalidInput, Unavailable.
    """
    least = smallest_group()
    question = (replace(figure, chart=Chart.AUTOMATIC), least)
    answer = _find_cached(question)
    if answer is None:
        answer = _count_and_disclose(figure, least, read)
        _cache(question, answer)
    if isinstance(answer, RevealsFew):
        raise answer
    # An answer does not say how it is drawn.
    return replace(answer, figure=figure)


def _count_and_disclose(figure: Figure, least: int, read: ReadAsOf) -> _Answer:
    actor, at = current_actor(), now()

    def counted(session: Session) -> UndisclosedAnswer[FigureResult]:
        return figures.count(session, actor, figure, now=at, smallest_group=least)

    undisclosed = read(counted)
    try:
        return write(lambda session: cohorts.disclose(session, actor, undisclosed))
    except RevealsFew as refusal:
        return refusal


def _find_cached(question: Hashable) -> _Answer | None:
    kept: dict[Hashable, tuple[_Answer, datetime]] = st.session_state.get(_ANSWERS, {})
    answer, disclosed_at = kept.get(question, (None, now()))
    return answer if now() - disclosed_at < _CACHED_FOR else None


def _cache(question: Hashable, answer: _Answer) -> None:
    kept: dict[Hashable, tuple[_Answer, datetime]]
    kept = st.session_state.setdefault(_ANSWERS, {})
    kept.pop(question, None)
    kept[question] = (answer, now())
    while len(kept) > _MOST_CACHED:
        del kept[next(iter(kept))]
