"""Papers signed by hand, beside their prescription: shown, and scanned."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard.context import (
    CachedRead,
    counting_upload,
    current_actor,
    ingest,
    read_all,
    today,
    write,
)
from dashboard.navigation import document_url
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.record_table import RowAction
from dashboard.ui.words import at, plain
from dashboard.web.uploaded_files import release
from services.consultations.prescriptions import PrescriptionRecord, scans
from services.consultations.prescriptions.scans import Scans
from services.core.actors import Actor, Permission
from services.documents.records.drafts import DraftDocument
from services.documents.records.errors import MAX_BYTES
from services.documents.records.model import DocumentRecord

ADD: Final = "add_signed_paper"
_LABEL: Final = marked("Add the signed paper")
_ICON: Final = "document_scanner"


def scans_read(actor: Actor, prescription_ids: Sequence[UUID]) -> CachedRead[Scans]:
    """Return the read of the scans of these prescriptions."""
    wanted = tuple(prescription_ids)
    return CachedRead(
        lambda session: scans.list_for(session, actor, wanted),
        keep=("prescription scans", actor.id, wanted),
    )


def show_signed_papers(prescription: PrescriptionRecord) -> None:
    """Show the scans of a prescription, and offer to add one."""
    (known,) = read_all(scans_read(current_actor(), [prescription.id]))
    for scan in known.get(prescription.id, ()):
        st.markdown(
            _("{scan}, filed {when} by {name}").format(
                scan=f":material/{_ICON}: [{plain(scan.title)}]"
                f"({document_url(scan.id)})",
                when=at(scan.created_at),
                name=plain(scan.created_by_name),
            )
        )
    if _may_add() and st.button(
        _(_LABEL), key="prescription_add_scan", icon=f":material/{_ICON}:"
    ):
        ask_for_signed_paper(prescription)


def paper_actions(papers: Sequence[DocumentRecord]) -> Iterator[RowAction]:
    """Yield the actions in a prescription's row: show its scans, add one."""
    for scan in papers:
        yield RowAction(f"scan_{scan.id}", scan.title, _ICON, document_url(scan.id))
    if _may_add():
        yield RowAction(ADD, _(_LABEL), "add_a_photo")


@dialog(_LABEL, icon=f":material/{_ICON}:")
def ask_for_signed_paper(prescription: PrescriptionRecord) -> None:
    """Ask for a PDF or a picture of the paper, and file it."""
    with error_boundary():
        st.markdown(
            _(
                "A scan or photo of the paper that was signed by hand. It is filed as "
                "a document of the patient, and shown beside this prescription."
            )
        )
        upload = st.file_uploader(
            _("PDF file or picture"),
            max_upload_size=MAX_BYTES >> 20,
            key=f"prescription_scan_{prescription.id}",
        )
        saves = confirmed(
            _("File the signed paper"),
            key="prescription_scan_save",
            is_disabled=upload is None,
        )
        if not saves or upload is None:
            return
        actor, draft = current_actor(), DraftDocument(dated_on=today())
        with counting_upload():
            with st.spinner(_("Checking and encrypting…")):
                upload.seek(0)
                content = ingest().receive(upload, upload.name, person=actor.id)
            with ingest().discarding_on_refusal(content):
                write(lambda s: scans.add(s, actor, prescription.id, draft, content))
        release(upload)
        notify(_("The signed paper is filed."))
        st.rerun()


def _may_add() -> bool:
    return current_actor().may(Permission.FILE_DOCUMENTS)
