"""A document's next version: from a file, or from an earlier version."""

import streamlit as st

from dashboard.context import current_actor, write
from dashboard.documents.filing import ingest
from dashboard.documents.records.gone_documents import document_dialog_boundary
from dashboard.navigation import go
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.documents import forms, records
from services.documents.records.model import DocumentRecord, VersionRecord


def offer_replacement(record: DocumentRecord) -> None:
    """Offer to replace the latest version with another file."""
    if st.button(_("Replace"), key="document_replace", icon=":material/upload_file:"):
        _replace(record)


def offer_form_change(record: DocumentRecord) -> None:
    """Offer to make the next version from the form that the latest was made from."""
    # Only for people who have such a form: patients' statements are not the clinic's to
    # change.
    is_theirs = record.version.template in forms.templates_for(current_actor())
    is_made_here = record.version.origin == "form"
    if (
        is_made_here
        and is_theirs
        and st.button(
            _("Change the form"), key="document_form", icon=":material/edit_document:"
        )
    ):
        go("documents/create_document.py", document=str(record.id))


@dialog(marked("Replace this document"), icon=":material/upload_file:")
def _replace(record: DocumentRecord) -> None:
    with document_dialog_boundary():
        number = record.latest + 1
        st.markdown(
            _(
                "The file becomes version {number} of **{title}**. Earlier versions "
                "are kept: version {latest} can be restored at any time."
            ).format(number=number, title=plain(record.title), latest=record.latest)
        )
        upload = st.file_uploader(
            _("PDF file or picture"),
            max_upload_size=ingest.MAX_MEGABYTES,
            key=f"document_replace_file_{record.id}_{record.latest}",
        )
        # A file still being uploaded does not count yet.
        saves = confirmed(
            _("Save as version {number}").format(number=number),
            key="document_replace_save",
            is_disabled=upload is None,
        )
        if saves and upload is not None:
            with st.spinner(_("Checking and encrypting…")):
                changed = ingest.add_version(upload, record)
            notify(_("Version {latest} is saved.").format(latest=changed.latest))
            go("documents/document.py", document=str(record.id))


@dialog(marked("Restore this version?"), icon=":material/history:")
def restore_version(record: DocumentRecord, version: VersionRecord) -> None:
    """Name the version, and say that none is lost."""
    with document_dialog_boundary():
        number = record.latest + 1
        st.markdown(
            _(
                "Version {number} from {created_at} becomes version {next_number} of "
                "**{title}**, the current one. Version {latest} is kept among the "
                "versions; nothing is lost."
            ).format(
                number=version.number,
                created_at=at(version.created_at),
                next_number=number,
                title=plain(record.title),
                latest=record.latest,
            )
        )
        if confirmed(
            _("Restore version {number}").format(number=version.number),
            key="document_restore_version_confirm",
        ):
            actor = current_actor()
            write(
                lambda s: records.restore_version(
                    s, actor, record.id, version.number, revision=record.revision
                )
            )
            notify(
                _("Version {number} is restored as version {next_number}.").format(
                    number=version.number, next_number=number
                )
            )
            go("documents/document.py", document=str(record.id))
