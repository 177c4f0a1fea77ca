"""Ask in SQL what patients have in common, without a row of anybody."""

import streamlit as st

from dashboard.analytics import query_address, query_editor
from dashboard.analytics.query_table import show_files, show_result
from dashboard.context import freshness
from dashboard.patients.search.disclosed_lists import smallest_group
from dashboard.ui.empty_state import empty_state
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from dashboard.ui.notices import notify
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.analytics import queries


@st.fragment
def show_editor() -> None:
    """Type a query; nothing is run until that is asked for."""
    with error_boundary():
        query_editor.draw()


@st.fragment
def show_saved() -> None:
    """Open a query by its name, or give this one a name."""
    with error_boundary():
        known = query_address.saved()
        for view in known:
            if st.button(
                plain(view.name),
                key=f"sql_saved_{view.id}",
                icon=":material/bookmark:",
                width="stretch",
            ):
                query_address.show_key(view.key)
                st.rerun()
        if not known:
            st.caption(_("No saved queries yet. Run one, then name it."))
        if not query_address.current_key():
            return
        with st.form("sql_save_form", border=False):
            name = st.text_input(
                _("Save this query as"), key="sql_name", autocomplete="off"
            )
            saves = st.form_submit_button(_("Save query"), key="sql_save")
        if saves:
            view = query_address.save(name)
            notify(_("Saved as {name}.").format(name=view.name))
            st.rerun()


def show_answer(text: str) -> None:
    """Say what the query costs, run it, and show what may be told."""
    query = queries.read(text)
    query_editor.show_cost(query_address.estimate(query))
    with st.spinner(_("Counting...")):
        result = query_address.run(query)
    show_result(query, result)
    show_files()
    st.caption(freshness())


page_header(_("SQL"))
st.caption(
    _(
        "One SELECT that counts, on a replica. Nobody is named, no row of a patient is "
        "shown, and no number below {least}, nor any from which one could be worked "
        "out together with earlier counts. What you run is in the audit log with its "
        "text. The address can be sent to colleagues who may count cohorts."
    ).format(least=smallest_group())
)
with st.container(horizontal=True):
    with st.popover(_("Saved queries"), key="sql_saved", icon=":material/bookmarks:"):
        show_saved()
    with st.popover(_("Examples"), key="sql_examples", icon=":material/edit_note:"):
        query_editor.draw_examples()
    with st.popover(_("Views and columns"), key="sql_schema", icon=":material/table:"):
        query_editor.draw_schema()
with error_boundary():
    current_text = query_address.find_text()
    query_editor.fill(current_text)
    show_editor()
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
