"""Answers disclosed to an analyst a short while ago, so that no click counts again."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, TypeVar

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, now, read, write
from services.analytics import cohorts
from services.analytics.cohorts import UndisclosedAnswer
from services.core.actors import Actor

_CACHED_FOR: Final = timedelta(minutes=1)

Answer = TypeVar("Answer")


def disclosed_answer(
    key: str,
    question: object,
    counted: Callable[[Session, Actor, datetime], UndisclosedAnswer[Answer]],
) -> Answer:
    """Return the answer disclosed a short while ago, if the question is the same.

    Otherwise it is counted now. The session keeps the answer under the key. Raises
    RevealsFew, NotSaved.
    """
    actor, at = current_actor(), now()
    kept: tuple[object, Answer, datetime] | None = st.session_state.get(key)
    if kept and kept[0] == question and at - kept[2] < _CACHED_FOR:
        return kept[1]
    undisclosed = read(lambda session: counted(session, actor, at))
    answer = write(lambda session: cohorts.disclose(session, actor, undisclosed))
    st.session_state[key] = (question, answer, at)
    return answer
