"""The parts of a document's page that read more than the document itself."""

from typing import Final

import streamlit as st

from dashboard.audit.audit_log import document_accesses
from dashboard.audit.audit_table import show_access_table
from dashboard.context import current_actor, read
from dashboard.documents.records import document_addresses, document_words as words
from dashboard.documents.records.document_actions import restorable_until
from dashboard.documents.records.replacing import restore_version
from dashboard.documents.records.version_list import version_list
from dashboard.navigation import go
from dashboard.ui.empty_state import empty_state
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.words import at, plain
from services.core.actors import Actor, Permission
from services.documents import records
from services.documents.records import visibility
from services.documents.records.model import DocumentRecord, VersionRecord

_OF_PICTURES: Final = marked(
    "{filename}, as it was uploaded. Unlike the PDF, it may reveal where and with "
    "which device it was taken."
)
_OF_OFFICE_FILES: Final = marked(
    "{filename}, as it was uploaded. Unlike the PDF, it may contain comments, earlier "
    "wordings and macros."
)


def names_for(actor: Actor) -> list[str]:
    """Return the names of the parts that somebody may see."""
    names = [marked("Preview"), marked("Versions")]
    if actor.may(Permission.SHARE_DOCUMENTS):
        names.append(marked("Links"))
    return [*names, marked("Who opened it"), marked("Details")]


def show_notices(record: DocumentRecord) -> None:
    """Show what is special about the document or the version on screen."""
    if record.is_deleted:
        until = at(restorable_until(record))
        who = (
            _("The clinic deleted this document.")
            if words.was_deleted_by_clinic(record, current_actor())
            else _("This document is deleted.")
        )
        how_long = (
            _("It is kept as long as it is on legal hold.")
            if record.is_held
            else _("It can be restored until {until}.").format(until=until)
        )
        st.info(f"{who} {how_long}", icon=":material/delete:")
    if record.is_held:
        st.info(
            _("On legal hold since {held_at}: {held_because}").format(
                held_at=at(record.held_at or record.updated_at),
                held_because=plain(record.held_because or ""),
            ),
            icon=":material/gavel:",
        )
    number = record.version.number
    if number == record.latest:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True):
        st.markdown(
            _(
                ":material/history: This is version {number} of {latest}, not the "
                "latest "
                "one."
            ).format(number=number, latest=record.latest),
            width="stretch",
        )
        if st.button(_("Show the latest version"), key="document_latest"):
            go("documents/document.py", document=str(record.id))


def offer_download(record: DocumentRecord) -> None:
    """Offer the file of the version on screen."""
    version = record.version
    if version.is_served:
        st.link_button(
            _("Download version {number}").format(number=version.number),
            document_addresses.download(record.id, version.number),
            key="document_download",
            icon=":material/download:",
            type="primary",
        )
        original = read(
            lambda session: records.find_original(session, version),
            keep=("original", version.id),
        )
        if original is not None:
            is_picture = original.media_type.startswith("image/")
            st.link_button(
                _("Original"),
                document_addresses.original(record.id, version.number),
                key="document_original",
                icon=":material/image:" if is_picture else ":material/draft:",
                help=_(_OF_PICTURES if is_picture else _OF_OFFICE_FILES).format(
                    filename=plain(original.filename)
                ),
            )


def show_versions(record: DocumentRecord) -> None:
    """Show all versions, and carry out the action chosen for one."""
    actor = current_actor()

    def download_of(version: VersionRecord) -> str:
        return document_addresses.download(record.id, version.number)

    known = read(
        lambda session: records.versions(session, actor, record.id),
        keep=("versions", record.id, record.revision),
    )
    wanted = version_list(
        "document",
        known,
        shown=record.version.number,
        download_of=None if record.is_deleted else download_of,
        may_restore=visibility.may_change(actor, record),
    )
    if wanted is None:
        return
    if wanted.action == "compare":
        go(
            "documents/compare.py",
            document=str(record.id),
            left=str(wanted.number),
            right=str(record.latest),
        )
    if wanted.action == "view":
        go("documents/document.py", document=str(record.id), version=str(wanted.number))
    restore_version(record, next(v for v in known if v.number == wanted.number))


def show_accesses(record: DocumentRecord) -> None:
    """Show who opened or changed the document, the latest first."""
    st.caption(
        _(
            "Everybody who opened, downloaded, shared or changed this document. The "
            "last few seconds may not be listed yet."
        )
    )
    key = f"document_accesses_{record.id}"
    after = st.session_state.get(key)
    page = document_accesses(record.id, after)
    if page.accesses:
        show_access_table(
            page.accesses,
            key="document_accesses",
            name=marked("Who opened this document"),
        )
    else:
        empty_state(_("Nothing has been recorded yet."), icon="visibility_off")
    with st.container(horizontal=True, gap="small"):
        if after and st.button(_("Newest"), key="document_accesses_newest"):
            st.session_state.pop(key)
            st.rerun()
        if page.next and st.button(_("Older"), key="document_accesses_older"):
            st.session_state[key] = page.next
            st.rerun()
