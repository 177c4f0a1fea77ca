"""The newest documents on a patient's page, and the way to all of them."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import current_actor
from dashboard.documents.records.document_words import kind
from dashboard.documents.search.adding_documents import show_add_buttons
from dashboard.documents.search.document_list import documents_table
from dashboard.documents.search.document_listing import list_key_of, newest_of
from dashboard.documents.sharing.reader_choice import show_confidential_count
from dashboard.navigation import go
from dashboard.patients.chart.depth import most_shown
from dashboard.patients.chart.timeline import ChartEvent, EventKind
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _
from services.core.actors import Role
from services.documents.records import visibility
from services.patients.records.model import PatientRecord

FEW: Final = 5
MANY: Final = 50


@st.fragment
def show_documents(patient: PatientRecord, *, page: str, most: int = FEW) -> None:
    """Show the patient's newest documents to people who may see them."""
    actor = current_actor()
    own = actor.role is Role.PATIENT
    if not actor.may(visibility.permission_to_view(actor)):
        return
    st.subheader(_("Documents"), anchor=False)
    with error_boundary():
        documents = newest_of(patient.id, most)
        if documents:
            documents_table(documents, key=f"{page}_documents", of_one_patient=True)
        if not show_confidential_count(patient.id) and not documents:
            st.caption(_("No documents yet."))
        with st.container(horizontal=True):
            if not patient.is_archived:
                show_add_buttons(patient.id, page=page)
            if documents and st.button(
                _("All documents"), key=f"{page}_all_documents", type="tertiary"
            ):
                go(
                    "documents/documents.py",
                    **({} if own else {"list": list_key_of(patient.id)}),
                )


def document_events(patient_id: UUID) -> Iterator[ChartEvent]:
    """Return the newest documents for the time line; each opens its page."""
    actor = current_actor()
    if not actor.may(visibility.permission_to_view(actor)):
        return
    for document in newest_of(patient_id, most_shown(patient_id)):
        yield ChartEvent(
            EventKind.DOCUMENT,
            document.created_at,
            document.title,
            more=kind(document),
            page="documents/document.py",
            query={"document": str(document.id)},
        )
