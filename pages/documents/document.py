"""One document: what it is, its pages and versions, its links, who opened it."""

import streamlit as st

from dashboard.context import current_actor, freshness
from dashboard.documents.inbox.assigning import offer_assignment
from dashboard.documents.records import document_actions, sections
from dashboard.documents.records.chosen_document import chosen_document
from dashboard.documents.records.document_facts import (
    document_header,
    show_findings,
    version_facts,
)
from dashboard.documents.records.preview import show_pages, show_stated
from dashboard.documents.records.replacing import offer_form_change, offer_replacement
from dashboard.documents.sharing.share_links import offer_share_link, show_links
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.part_tabs import part_tabs
from services.core.actors import Permission
from services.documents.records import visibility

actor, record = current_actor(), chosen_document()
number = record.version.number

document_header(record, links_to_patient=actor.may(Permission.VIEW_PATIENT))
sections.show_notices(record)
with st.container(horizontal=True):
    if record.is_deleted:
        if document_actions.offer_restoring(record):
            st.rerun()
    else:
        sections.offer_download(record)
        if visibility.may_change(actor, record):
            offer_replacement(record)
            offer_form_change(record)
            document_actions.offer_editing(record)
        offer_assignment(record)
        offer_share_link(record)
        document_actions.offer_deletion(record)
    document_actions.offer_hold(record)
with (
    part_tabs(sections.names_for(actor), key="document_tabs") as part,
    error_boundary(),
):
    match part:
        case "Preview":
            show_findings(record.version)
            if record.version.stated_by_patient:
                show_stated()
            show_pages(record, key=f"document_pages_{record.id}_{number}")
        case "Versions":
            sections.show_versions(record)
        case "Links":
            show_links(record)
        case "Who opened it":
            sections.show_accesses(record)
        case "Details":
            version_facts(record)
st.caption(freshness())
