"""The pages of a document in a dialog, to see at a glance which one it is."""

import streamlit as st

from dashboard.documents.records.page_preview import page_preview
from dashboard.ui.dialogs import dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import plain
from services.documents.records.model import DocumentRecord


def show_pages(record: DocumentRecord, *, key: str) -> None:
    """Show the pages of the record's version, or say why there are none."""
    version = record.version
    if record.is_deleted:
        st.info(
            _("A deleted document is not shown. Restore it to see it again."),
            icon=":material/delete:",
        )
    elif version.scan == "infected":
        st.error(
            _(
                "The virus scan found something in this file, so nobody can open it. "
                "Delete the document, and ask whoever sent it for another file."
            ),
            icon=":material/bug_report:",
        )
    elif version.scan == "waiting":
        st.info(
            _("This file is waiting for its virus scan; you can open it after that."),
            icon=":material/hourglass_top:",
        )
    elif not version.is_served:
        st.error(
            _(
                "This file is damaged in the store, so it is not shown. Restore "
                "another "
                "version or upload it again, and tell an administrator."
            ),
            icon=":material/broken_image:",
        )
    elif "encrypted" in version.findings or not version.pages:
        st.info(
            _(
                "This file needs its own password, so its pages cannot be shown here. "
                "Download it and open it with the password."
            )
            if "encrypted" in version.findings
            else _("The pages of this file cannot be shown. Download it to open it."),
            icon=":material/lock:",
        )
    else:
        page_preview(record.id, version.number, version.pages, key=key)


def show_stated() -> None:
    """Say that what follows was stated by the patient, not by the clinic."""
    st.info(
        _(
            "Stated by the patient in a form of their own; the clinic has not checked "
            "it."
        ),
        icon=":material/person_edit:",
    )


@dialog(marked("Preview"), width="large", icon=":material/visibility:")
def preview(record: DocumentRecord) -> None:
    """Show the pages, under the document's title and the version's number."""
    with error_boundary():
        number = record.version.number
        st.markdown(
            _("**{title}**, version {number} of {latest}").format(
                title=plain(record.title), number=number, latest=record.latest
            )
        )
        if record.version.stated_by_patient:
            show_stated()
        show_pages(record, key=f"preview_{record.id}_{number}")
