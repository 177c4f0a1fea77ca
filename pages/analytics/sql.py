"""Queries in SQL on what patients have in common, without showing anybody's row."""

from typing import Final

import streamlit as st

from dashboard.analytics import query_address, query_editor, question_address
from dashboard.analytics.query_table import show_result
from dashboard.context import freshness
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary, fragment_of
from dashboard.ui.language import gettext as _
from dashboard.ui.page_header import page_header
from services.analytics import queries
from services.analytics.queries import QUERIES

_API: Final = "/api/v1/queries"
_FORMATS: Final = {
    "csv": "CSV",
    "xlsx": _("Excel"),
    "parquet": "Parquet",
    "json": "JSON",
}


def show_answer(text: str) -> None:
    """Run a query, and show the rows that may be shown."""
    query = queries.parse(text)
    with st.spinner(_("Counting...")):
        result = query_address.run(query)
    show_result(query, result)
    # A file of no rows says no more than the page does.
    if result.rows:
        question_address.show_files(_API, _("Download"), _FORMATS, key="sql")
    st.caption(freshness())


page_header(_("SQL"))
st.caption(
    _(
        "One SELECT that counts, on a replica. Nobody is named, no row of a patient "
        "is shown, and no number below {least}, nor any from which one could be "
        "worked out together with earlier counts. What you run is recorded in the "
        "audit log with its text. You can send the page's address to colleagues who "
        "may count cohorts."
    ).format(least=smallest_group())
)
with st.container(horizontal=True):
    question_address.show_saved_menu(
        _("Saved queries"),
        QUERIES,
        page="sql",
        nothing=_("No saved queries yet. Run one, then name it."),
        label=_("Save this query as"),
        button=_("Save query"),
    )
    query_editor.draw_examples()
    query_editor.draw_schema()
with error_boundary():
    current_text = query_address.find_text()
    query_editor.fill(current_text)
    fragment_of(query_editor.draw)(current_text)
    st.divider()
    if current_text is None:
        empty_state(
            _(
                "Nothing has been run yet. Write a query or take one of the examples, "
                "then press *Run query*."
            ),
            icon="database",
        )
    else:
        show_answer(current_text)
