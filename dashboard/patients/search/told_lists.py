"""What an analyst was told of lists, so that no click tells the same anew."""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, now, write
from services.analytics import cohorts, unnamed_lists
from services.analytics.cohorts import RevealsFew, Untold
from services.analytics.unnamed_lists import KeptBack, ToldList
from services.patients.search import ListStatistics

T = TypeVar("T")

_TOLD_AT: Final = "patients_told"
_LASTS: Final = timedelta(minutes=10)
_MOST: Final = 32


def smallest_group() -> int:
    """Return the least number of patients that a count without names may tell."""
    return wiring.current().settings.smallest_group


def told_list(kept: KeptBack[T]) -> ToldList[T]:
    """Return what is shown of a list; raises RevealsFew, NotSaved."""
    untold, actor = kept.untold, current_actor()
    if untold is None or _is_told(untold):
        return kept.told_list
    shown = write(lambda session: unnamed_lists.tell_list(session, actor, kept))
    if shown.earlier is None:
        _remember(untold)
    return shown


def told_figures(answers: Mapping[str, Untold[ListStatistics]]) -> ListStatistics:
    """Return the figures of a list that may be told; raises RevealsFew if none may."""
    statistics, refused = [], []
    for untold in answers.values():
        try:
            statistics.append(_told_answer(untold))
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


def _told_answer(untold: Untold[T]) -> T:
    if _is_told(untold):
        return untold.answer
    actor = current_actor()
    answer = write(lambda session: cohorts.tell(session, actor, untold))
    if answer == untold.answer:
        _remember(untold)
    return answer


def _is_told(untold: Untold[Any]) -> bool:
    told_at: datetime | None = st.session_state.get(_TOLD_AT, {}).get(_digest(untold))
    return told_at is not None and now() - told_at < _LASTS


def _remember(untold: Untold[Any]) -> None:
    times: dict[str, datetime] = st.session_state.setdefault(_TOLD_AT, {})
    name = _digest(untold)
    times.pop(name, None)
    times[name] = now()
    while len(times) > _MOST:
        del times[next(iter(times))]


def _digest(untold: Untold[Any]) -> str:
    """Name the question and who is in each number of the answer."""
    digest = hashlib.sha256(untold.question.encode())
    for members in untold.groups:
        digest.update(len(members).to_bytes(8, "big") + members.tobytes())
    return digest.hexdigest()
