"""Counts of lists that an analyst was shown, so that no click discloses them again."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, write
from services.analytics import cohorts, pseudonymised_lists
from services.analytics.cohorts import RevealsFew, UndisclosedAnswer
from services.analytics.pseudonymised_lists import DisclosedList, UndisclosedList
from services.patients.search import ListStatistics

T = TypeVar("T")

_DISCLOSED_AT: Final = "patients_told"
_LASTS: Final = timedelta(minutes=10)
_MOST: Final = 32


def smallest_group() -> int:
    """Return the smallest number of patients that a count without names may show."""
    return wiring.current().settings.smallest_group


def disclosed_list(kept: UndisclosedList[T]) -> DisclosedList[T]:
    """Return the part of a list that may be shown; raises RevealsFew, NotSaved."""
    undisclosed, actor = kept.undisclosed, current_actor()
    if undisclosed is None or _is_disclosed(undisclosed):
        return kept.disclosed_list
    shown = write(
        lambda session: pseudonymised_lists.disclose_list(session, actor, kept)
    )
    if shown.earlier is None:
        _remember(undisclosed)
    return shown


def disclosed_figures(
    answers: Mapping[str, UndisclosedAnswer[ListStatistics]],
) -> ListStatistics:
    """Return the figures that may be disclosed; raises RevealsFew if none may."""
    statistics, refused = [], []
    for undisclosed in answers.values():
        try:
            statistics.append(_disclosed_answer(undisclosed))
        except RevealsFew as refusal:
            refused.append(refusal)
    if not statistics:
        raise refused[0]
    return ListStatistics(
        patients=max(figures.patients for figures in statistics),
        ages=tuple(bar for figures in statistics for bar in figures.ages),
        sexes=tuple(bar for figures in statistics for bar in figures.sexes),
        allergies=tuple(bar for figures in statistics for bar in figures.allergies),
        sampled=any(figures.sampled for figures in statistics),
    )


def _disclosed_answer(undisclosed: UndisclosedAnswer[T]) -> T:
    if _is_disclosed(undisclosed):
        return undisclosed.answer
    actor = current_actor()
    answer = write(lambda session: cohorts.disclose(session, actor, undisclosed))
    if answer == undisclosed.answer:
        _remember(undisclosed)
    return answer


def _is_disclosed(undisclosed: UndisclosedAnswer[Any]) -> bool:
    disclosed_at: datetime | None = st.session_state.get(_DISCLOSED_AT, {}).get(
        _digest(undisclosed)
    )
    return disclosed_at is not None and now() - disclosed_at < _LASTS


def _remember(undisclosed: UndisclosedAnswer[Any]) -> None:
    times: dict[str, datetime] = st.session_state.setdefault(_DISCLOSED_AT, {})
    name = _digest(undisclosed)
    times.pop(name, None)
    times[name] = now()
    while len(times) > _MOST:
        del times[next(iter(times))]


def _digest(undisclosed: UndisclosedAnswer[Any]) -> str:
    """Return a digest of the question and of who is in each number of the answer."""
    digest = hashlib.sha256(undisclosed.question.encode())
    for members in undisclosed.groups:
        digest.update(len(members).to_bytes(8, "big") + members.tobytes())
    return digest.hexdigest()
