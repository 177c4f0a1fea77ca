"""The query behind the key in the address, and how it is run."""

from typing import Final

import streamlit as st

from dashboard.analytics.disclosed_answers import answer_to
from dashboard.context import current_actor, read, write
from dashboard.patients.search.disclosed_lists import smallest_group
from services.analytics import queries
from services.analytics.queries import QUERIES, CountedCells, Query, QueryResult
from services.core.errors import NotSaved
from services.lists import views
from services.lists.views import View

_ADDRESS: Final = "list"
# Where nothing can be saved, the session alone knows it.
_UNSAVED: Final = "sql_unsaved"
_ANSWER: Final = "sql_told"
_KEY_SECONDS: Final = 600.0


def current_key() -> str:
    """Return the key in the address; empty without one."""
    return st.query_params.get(_ADDRESS, "")


def find_text() -> str | None:
    """Return the text that is to be run, None before there is one; raises NotFound."""
    if key := current_key():
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
    st.session_state.pop(_UNSAVED, None)
    try:
        key = write(
            lambda session: queries.remember(session, actor, query), gives_way=True
        )
    except NotSaved:
        st.session_state[_UNSAVED] = query.text
        st.query_params.clear()
    else:
        show_key(key)
    st.rerun()


def show_key(key: str) -> None:
    """Let the address name the query behind a key, from the next run on."""
    st.query_params.from_dict({_ADDRESS: key})


def estimate(query: Query) -> int:
    """Return what PostgreSQL expects a query to cost, in its own units."""
    actor = current_actor()
    return read(lambda session: queries.estimate(session, actor, query))


def run(query: Query) -> QueryResult:
    """Return the rows that may be told; raises RevealsFew, QueryTakesTooLong."""
    least = smallest_group()
    counted: CountedCells = answer_to(
        _ANSWER,
        (query.text, least),
        lambda session, actor, at: queries.count(
            session, actor, query, now=at, smallest_group=least
        ),
    )
    return queries.show(query, counted)


def saved() -> tuple[View, ...]:
    """Return the person's own names for queries."""
    actor = current_actor()
    return read(lambda session: views.list_views(session, actor, subject=QUERIES))


def save(name: str) -> View:
    """Give the query of the address a name; raises NameTaken, InvalidInput."""
    actor, key = current_actor(), current_key()
    return write(
        lambda session: views.save_view(session, actor, name, key, subject=QUERIES)
    )
