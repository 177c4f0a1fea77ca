"""The ways to add documents, and the way to the deleted ones."""

from uuid import UUID

import streamlit as st

from dashboard.context import current_actor
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _
from services.core.actors import Role
from services.documents.records import may_list_deleted, visibility
from services.lists.criteria import Criteria


def show_add_buttons(
    patient_id: UUID | None = None, *, page: str = "documents"
) -> None:
    """Draw the buttons that lead to a new document, for people who may add one."""
    actor = current_actor()
    named = {"patient": str(patient_id)} if patient_id else {}
    if not _may_file():
        return
    own = actor.role is Role.PATIENT
    if st.button(
        _("Create a document") if own else _("Create"),
        key=f"{page}_create",
        icon=":material/edit_document:",
    ):
        # Patients write only about themselves.
        go("documents/create_document.py", **({} if own else named))
    if st.button(
        _("Upload"),
        key=f"{page}_upload",
        icon=":material/upload_file:",
        type="primary" if page == "documents" else "secondary",
    ):
        go("documents/upload_documents.py", **named)
    if (page == "documents" and may_list_deleted(actor)) and st.button(
        _("Trash"), key=f"{page}_trash", icon=":material/delete:", type="tertiary"
    ):
        go("documents/trash.py")


def show_no_documents(shown: Criteria) -> bool:
    """Say that there are no documents; return whether all of them should be shown."""
    if shown != Criteria():
        return empty_state(
            _("No documents match. Check the spelling, or remove a filter."),
            icon="search_off",
            action=_("Show all documents"),
            key="documents_all",
        )
    own = current_actor().role is Role.PATIENT
    if empty_state(
        _(
            "No documents yet. Upload what you have on paper or as a file, or create "
            "one."
        )
        if own
        else _("No documents yet. Create the first from a form, or upload one."),
        icon="folder_open",
        action=_("Upload documents") if _may_file() else "",
        key="documents_first",
    ):
        go("documents/upload_documents.py")
    return False


def _may_file() -> bool:
    actor = current_actor()
    return actor.may(visibility.permission_to_file(actor))
