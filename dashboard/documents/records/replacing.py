"""A document's next version: from a file, or from an earlier version."""

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.documents.filing import ingest
from dashboard.navigation import go
from dashboard.ui.dialogs import confirmed
from dashboard.ui.error_boundary import error_boundary, explain
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.documents import forms, records
from services.documents.records.errors import NotAPdf
from services.documents.records.model import DocumentRecord, VersionRecord


def offer_replacement(record: DocumentRecord) -> None:
    """Offer to put another file in the place of the latest version."""
    if st.button("Replace", key="document_replace", icon=":material/upload_file:"):
        _replace(record)


def offer_form_change(record: DocumentRecord) -> None:
    """Offer to make the next version from the form that the latest was made from."""
    # Only whoever has such a form: what a patient stated is not the clinic's to change.
    is_theirs = record.version.template in forms.templates_for(current_actor())
    is_made_here = record.version.origin == "form"
    if (
        is_made_here
        and is_theirs
        and st.button(
            "Change the form", key="document_form", icon=":material/edit_document:"
        )
    ):
        go("documents/create_document.py", document=str(record.id))


@st.dialog("Replace this document", icon=":material/upload_file:")
def _replace(record: DocumentRecord) -> None:
    with error_boundary():
        number = record.latest + 1
        st.markdown(
            f"The file becomes version {number} of **{plain(record.title)}**. The "
            f"versions before stay: version {record.latest} can be restored at any "
            "time."
        )
        upload = st.file_uploader(
            "PDF file or picture",
            max_upload_size=ingest.MAX_MEGABYTES,
            key=f"document_replace_file_{record.id}_{record.latest}",
        )
        # A file that is still on its way is none yet.
        saves = st.button(
            f"Save as version {number}",
            type="primary",
            key="document_replace_save",
            disabled=upload is None,
        )
        if saves and upload is not None:
            try:
                with st.spinner("Checking and encrypting…"):
                    changed = ingest.add_version(upload, record)
            except NotAPdf as refusal:
                explain(refusal)
                st.caption(ingest.advice_on(upload, refusal))
                return
            notify(f"Version {changed.latest} is saved.")
            go("documents/document.py", document=str(record.id))


@st.dialog("Restore this version?", icon=":material/history:")
def restore_version(record: DocumentRecord, version: VersionRecord) -> None:
    """Name the version, and say that none is lost."""
    with error_boundary():
        number = record.latest + 1
        st.markdown(
            f"Version {version.number} of {at(version.created_at)} counts again, as "
            f"version {number} of **{plain(record.title)}**. Version {record.latest} "
            "stays among the versions; nothing is lost."
        )
        if confirmed(
            f"Restore version {version.number}", key="document_restore_version_confirm"
        ):
            actor = current_actor()
            write(
                lambda s: records.restore_version(
                    s, actor, record.id, version.number, revision=record.revision
                )
            )
            notify(f"Version {version.number} is restored as version {number}.")
            go("documents/document.py", document=str(record.id))
