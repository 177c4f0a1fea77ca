"""The editor of a query, beside the views that it can use and examples."""

from contextlib import suppress
from typing import Final

import streamlit as st

from dashboard.analytics import query_address
from dashboard.ui.dialogs import leave_menu, menu
from dashboard.ui.fields import bounded_area
from dashboard.ui.language import decimal, gettext as _, marked
from services.analytics import queries
from services.analytics.queries import (
    EXAMPLES,
    LONGEST_TEXT,
    VIEWS,
    ColumnKind,
    QueryableView,
)
from services.core.errors import InvalidInput

_TEXT: Final = "sql_text"
# The text that the field was filled with, so that it is filled only once.
_FILLED: Final = "sql_filled"
# What was typed before an example or a saved query replaced it.
_TYPED: Final = "sql_typed"
_OFFERED: Final = "sql_offered"
_EXAMPLES_MENU: Final = "sql_examples"
_SCHEMA_MENU: Final = "sql_schema"
_HEIGHT: Final = 240
_NAMES: Final = (
    marked("Visits of each month"),
    marked("Age at a diagnosis, by sex"),
    marked("Who came again within 90 days"),
    marked("Waiting time by speciality"),
)
_KINDS: Final = {
    ColumnKind.PATIENT: marked("patient, to join views"),
    ColumnKind.TEXT: marked("text"),
    ColumnKind.NUMBER: marked("number"),
    ColumnKind.DAY: marked("day"),
    ColumnKind.FLAG: marked("true or false"),
}

# What column `term` says in views of whose events that is not plain.
_TERMS: Final = {
    "visits": marked("text: the doctor's speciality"),
    "prescriptions": marked("text: the drug"),
    "documents": marked("text: the type of document"),
    "vitals": marked("text: what was measured"),
}


def fill(text: str | None) -> None:
    """Put the text in the address into the editor, once."""
    if text is None:
        return
    if _TEXT not in st.session_state or st.session_state.get(_FILLED) != text:
        _replace(text)
        st.session_state[_FILLED] = text


def draw(answered: str | None) -> None:
    """Show the editor; a query runs only when somebody asks for it.

    The cost of the query in it is shown on request, and also while it is the one that
    the page answers.
    """
    text = bounded_area(
        _("Query"),
        longest=LONGEST_TEXT,
        key=_TEXT,
        height=_HEIGHT,
        placeholder=EXAMPLES[_NAMES[0]],
    )
    with st.container(horizontal=True):
        runs = st.button(_("Run query"), type="primary", key="sql_run")
        estimates = st.button(_("Estimate cost"), key="sql_estimate")
        if _TYPED in st.session_state:
            st.button(
                _("Back to what was typed"),
                key="sql_back",
                icon=":material/undo:",
                on_click=_restore,
            )
    is_answered = answered is not None and text.strip() == answered.strip()
    # Said first: a text that is refused would otherwise stand above that answer.
    if answered is not None and not is_answered:
        st.caption(
            _("The answer below is to the query that was run before, not to this one.")
        )
    if runs:
        query_address.show(queries.parse(text))
    if estimates:
        _show_cost(query_address.estimate(queries.parse(text)))
    elif answered is not None and is_answered:
        # A query that is no longer allowed is refused where its answer would be.
        with suppress(InvalidInput):
            _show_cost(query_address.estimate(queries.parse(answered)))


def _show_cost(cost: int) -> None:
    st.caption(
        _(
            "Estimated cost: about {cost} in PostgreSQL's units, for any values. A "
            "query that takes longer than ten seconds is stopped."
        ).format(cost=decimal(cost))
    )


def draw_examples() -> None:
    """Offer texts to begin with."""
    with menu(_("Examples"), key=_EXAMPLES_MENU, icon=":material/edit_note:"):
        for name in _NAMES:
            st.button(
                _(name),
                key=f"sql_example_{_NAMES.index(name)}",
                icon=":material/edit_note:",
                width="stretch",
                on_click=_begin_with,
                args=(EXAMPLES[name], _EXAMPLES_MENU),
            )


def draw_schema() -> None:
    """List the views and their columns, each with a text to begin with."""
    with menu(_("Views and columns"), key=_SCHEMA_MENU, icon=":material/table:"):
        _draw_views()


def _draw_views() -> None:
    st.caption(
        _(
            "Each row of *patients* is a patient, and each row of the other views an "
            "event with a day. Columns in bold can be used in GROUP BY, days as "
            "date_trunc('month', occurred_on), with 'quarter' and 'year' as well."
        )
    )
    for view in VIEWS.values():
        with st.expander(view.name):
            st.markdown("\n".join(_lines(view)))
            st.button(
                _("Start with {view}").format(view=view.name),
                key=f"sql_view_{view.name}",
                on_click=_begin_with,
                args=(
                    f"SELECT count(DISTINCT patient_id) AS patients\nFROM {view.name}",
                    _SCHEMA_MENU,
                ),
            )


def _lines(view: QueryableView) -> list[str]:
    kinds = {name: _KINDS[kind] for name, kind in view.columns.items()}
    if view.name in _TERMS:
        kinds["term"] = _TERMS[view.name]
    return [
        f"- {f'**`{name}`**' if view.dimension_of(name) else f'`{name}`'}: {_(kind)}"
        f"{_values(view, name)}"
        for name, kind in kinds.items()
    ]


def _values(view: QueryableView, name: str) -> str:
    values = ", ".join(f"`{value}`" for value in view.values_of(name))
    return f" ({values})" if values else ""


def _begin_with(text: str, menu_key: str) -> None:
    _replace(text)
    leave_menu(menu_key)


def _replace(text: str) -> None:
    """Put a text into the editor, and keep the present one if somebody typed it."""
    there = st.session_state.get(_TEXT, "").strip()
    if there and there not in {text.strip(), st.session_state.get(_OFFERED)}:
        st.session_state[_TYPED] = there
    st.session_state[_TEXT], st.session_state[_OFFERED] = text, text.strip()


def _restore() -> None:
    st.session_state[_TEXT] = st.session_state.pop(_TYPED)
