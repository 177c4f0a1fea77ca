"""Deleted documents: each can be restored until its time is over."""

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.documents.records import document_actions, document_words as words
from dashboard.documents.search.document_list import open_document
from dashboard.documents.search.document_listing import deleted
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from dashboard.ui.lists.pager import pager, position
from dashboard.ui.page_header import page_header
from dashboard.ui.words import at, name_in_list, plain

listing = deleted()

page_header(_("Trash"))
st.caption(
    _(
        "Deleted documents, newest first. Each can be restored until the day shown; "
        "after that it is permanently deleted. Documents on legal hold are kept."
    )
)
page = listing.look(position("trash", "deleted"), is_counted=False).page
if not page.rows:
    empty_state(_("The trash is empty."), icon="delete")
for record in page.rows:
    with (
        st.container(border=True),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        with st.container(width="stretch", gap="xxsmall"):
            st.markdown(f"**{plain(record.title)}**")
            patient = plain(name_in_list(record) or _("Unfiled"))
            until = (
                _("kept by a legal hold")
                if record.is_held
                else _("can be restored until {until}").format(
                    until=at(document_actions.restorable_until(record))
                )
            )
            how = (
                _("deleted by the clinic {time}")
                if words.was_deleted_by_clinic(record, current_actor())
                else _("deleted {time}")
            ).format(time=at(record.deleted_at or record.updated_at))
            said = (patient, words.kind(record), how, until)
            st.caption(" · ".join(said))
        if st.button(_("Open"), key=f"trash_open_{record.id}"):
            open_document(record.id)
        if document_actions.offer_restoring(record, key=f"trash_restore_{record.id}"):
            st.rerun()
pager("trash", "deleted", previous=page.previous, next_=page.next)
st.caption(freshness())
