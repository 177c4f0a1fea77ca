"""The query behind the key in the address, and how it is run."""

from typing import Final

import streamlit as st

from dashboard.analytics import question_address
from dashboard.analytics.disclosed_answers import disclosed_answer
from dashboard.context import current_actor, read
from dashboard.patients.search.disclosed_lists import smallest_group
from services.analytics import queries
from services.analytics.queries import CountedCells, Query, QueryResult

# If it cannot be saved, only the session knows it.
_UNSAVED: Final = "sql_unsaved"
_ANSWER: Final = "sql_told"
_KEY_SECONDS: Final = 600.0
# As long as an answer: a click elsewhere plans nothing again.
_COST_SECONDS: Final = 60.0


def find_text() -> str | None:
    """Return the text to be run, None before there is one; raises NotFound."""
    if key := question_address.current_key():
        actor = current_actor()
        return read(
            lambda session: queries.recall_text(session, actor, key),
            keep=("query", key),
            seconds=_KEY_SECONDS,
        )
    unsaved: str | None = st.session_state.get(_UNSAVED)
    return unsaved


def show(query: Query) -> None:
    """Run a query on this page, whose address names it from now on."""
    actor = current_actor()
    question_address.open_question(
        query.text,
        lambda session: queries.remember(session, actor, query),
        unsaved=_UNSAVED,
    )


def estimate(query: Query) -> int:
    """Return what PostgreSQL expects a query to cost, in its own units."""
    actor = current_actor()
    return read(
        lambda session: queries.estimate(session, actor, query),
        keep=("query cost", query.text),
        seconds=_COST_SECONDS,
    )


def run(query: Query) -> QueryResult:
    """Return the rows that may be shown; raises RevealsFew, QueryTakesTooLong."""
    least = smallest_group()
    counted: CountedCells = disclosed_answer(
        _ANSWER,
        (query.text, least),
        lambda session, actor, at: queries.count(
            session, actor, query, now=at, smallest_group=least
        ),
    )
    return queries.result_of(query, counted)
