"""Find documents: search, filter, sort, page; look at one, download or delete it."""

from dataclasses import replace

import streamlit as st

from dashboard.context import freshness
from dashboard.documents.search import bulk_actions
from dashboard.documents.search.adding_documents import (
    show_add_buttons,
    show_no_documents,
)
from dashboard.documents.search.document_list import documents_table
from dashboard.documents.search.document_listing import DocumentListing
from dashboard.documents.search.document_table import offered_columns
from dashboard.documents.tags.tag_words import known_tags
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.lists import list_tools
from dashboard.ui.lists.column_choice import columns_of, offer_columns
from dashboard.ui.lists.criteria_editor import CriteriaEditor
from dashboard.ui.lists.pager import pager, position
from dashboard.ui.lists.sorting import reordered
from dashboard.ui.lists.views_menu import views_menu
from dashboard.ui.page_header import page_header
from dashboard.ui.words import plain
from services.core.actors import Permission
from services.lists.criteria import Criteria

listing = DocumentListing.of_address()
actor, key, shown = listing.actor, listing.key, listing.criteria


def _suggest(field: str) -> list[str]:
    return [tag.name for tag in known_tags()] if field == "tags" else []


@st.fragment
def show_filters() -> None:
    """Change the filters; nothing is read until somebody asks for the list."""
    with error_boundary():
        editor = CriteriaEditor(
            "documents", listing.fields, _suggest, noun=marked("Documents"), archived=""
        )
        editor.draw(shown, mark=key)
        if st.button(_("Show documents"), type="primary", key="documents_apply"):
            with editor.naming_rows():
                listing.show(editor.read(search=shown.search))


@st.fragment
def show_results() -> None:
    """Show a page of the list, its description, and the actions from there."""
    with error_boundary():
        cached = listing.look(position("documents", key))
        page = cached.page
        columns = columns_of(listing)
        with list_tools.show_heading("documents", listing.sentence(cached), csv=None):
            if actor.may(Permission.SAVE_VIEWS):
                offer_columns(listing, columns, offered_columns())
        for guess in page.spelled:
            st.caption(
                _(
                    "No document contains “{typed}”; showing results for “{taken}”."
                ).format(typed=plain(guess.typed), taken=plain(", ".join(guess.taken)))
            )
        bulk_actions.show_summary()
        if not page.rows and show_no_documents(shown):
            listing.show(Criteria())
        if page.rows:
            event = documents_table(
                page.rows,
                key="documents_table",
                orders=shown.orders,
                sortable=[f.name for f in listing.fields.values() if f.is_sortable],
                is_selectable=True,
                columns=columns,
            )
            if event.sort:
                listing.show(replace(shown, orders=reordered(shown.orders, event)))
        pager(
            "documents",
            key,
            previous=page.previous,
            next_=page.next,
            count=cached.count,
        )
        st.caption(freshness())


with page_header(_("My documents") if listing.is_own else _("Documents")):
    show_add_buttons()
with st.container(horizontal=True):
    typed = list_tools.search_box(
        "documents",
        shown,
        mark=key,
        label=marked("Search documents"),
        hint=marked("Words, “a phrase”, -not this, begin*"),
    )
    if actor.may(Permission.SAVE_VIEWS):
        views_menu(listing)
if typed is not None:
    listing.show(replace(shown, search=typed))
with list_tools.filters_panel("documents", shown) as panel:
    if panel.open:
        show_filters()
show_results()
