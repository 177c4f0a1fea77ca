"""Documents of a patient as they were: what became of each, and how to restore it."""

from io import BytesIO
from typing import Final
from uuid import UUID

import streamlit as st

from dashboard import wiring
from dashboard.context import current_actor, ingest, read, write
from dashboard.documents.records import document_words as words
from dashboard.navigation import go
from dashboard.patients.point_in_time.point_in_time_source import PointInTimeSource
from dashboard.patients.point_in_time.reasons import ask_why
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.distinct_labels import distinct_names
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.documents import point_in_time
from services.documents.point_in_time import (
    Definitions,
    DocumentChange,
    DocumentComparison,
    DocumentCopy,
    DocumentsSnapshot,
    EarlierFiles,
)
from services.documents.records.errors import NoSuchDocument

_LISTED: Final = "past_documents_listed"
_HAPPENED: Final = {
    DocumentChange.SAME: marked("the same today"),
    DocumentChange.DESCRIBED: marked("described differently today"),
    DocumentChange.REPLACED: marked("has another file today"),
    DocumentChange.MOVED: marked("in another record today, or in none"),
    DocumentChange.DELETED: marked("in the trash today"),
    DocumentChange.GONE: marked("gone today"),
}


def show_earlier_documents(patient_id: UUID, source: PointInTimeSource) -> None:
    """List the documents of then; show the chosen one, and restore it."""
    st.subheader(_("Documents at that time"))
    with error_boundary():
        then = _list_earlier(patient_id, source)
        compared = _compare_today(then)
        if not compared:
            st.caption(_("No documents from that time that you may see today."))
            return
        labels = distinct_names({each.then.id: _label(each) for each in compared})
        chosen = st.radio(
            _("Documents at that time"),
            compared,
            index=None,
            format_func=lambda each: labels[each.then.id],
            key="past_document",
            label_visibility="collapsed",
        )
        if chosen is not None:
            _show(chosen, source, then.defined)


def _list_earlier(patient_id: UUID, source: PointInTimeSource) -> DocumentsSnapshot:
    """Return the documents of then, which are read only once."""
    actor = current_actor()
    return source.read_once(
        _LISTED,
        patient_id,
        lambda s, as_of: point_in_time.list_documents(
            s, actor, patient_id, as_of=as_of
        ),
    )


def _compare_today(then: DocumentsSnapshot) -> tuple[DocumentComparison, ...]:
    actor = current_actor()
    return read(
        lambda s: point_in_time.compare_today(s, actor, then.documents, then.defined)
    )


def _label(each: DocumentComparison) -> str:
    return _("{title}, {kind}, filed {at}: {happened}").format(
        title=plain(each.then.title),
        kind=words.kind(each.then),
        at=at(each.then.created_at),
        happened=_(_HAPPENED[each.change]),
    )


def _show(
    compared: DocumentComparison, source: PointInTimeSource, of_then: Definitions
) -> None:
    then, current = compared.then, compared.today
    if current is not None and compared.change is not DocumentChange.SAME:
        facts = ", ".join((current.title, words.kind(current), *current.tags))
        st.markdown(_("Today: {document}").format(document=plain(facts)))
    if st.button(_("Open the file from then"), key="past_document_open"):
        version, content = _file_of(compared, source)
        st.download_button(
            _("Download {name}").format(name=plain(version)),
            content,
            file_name=then.version.filename,
            mime="application/pdf",
            key="past_document_download",
            icon=":material/download:",
            on_click="ignore",
        )
    if lost := compared.own.lost:
        st.caption(
            _(
                "These tags and fields are not brought back, because the clinic no "
                "longer has them, or not for this type of document: {names}."
            ).format(names=", ".join(map(plain, lost)))
        )
    if compared.change is DocumentChange.SAME:
        st.caption(_("Nothing to bring back: it is the same today."))
        return
    reason = ask_why("past_document", then.id, _("Bring the document back"))
    if reason is not None:
        with error_boundary():
            _bring_back(compared, source, reason, of_then)


def _file_of(
    compared: DocumentComparison, source: PointInTimeSource
) -> tuple[str, bytes]:
    """Return a file of then and its name; the access is recorded first."""
    actor, wired = current_actor(), wiring.current()
    # The file is handed out only if this person may see the document today.
    if not read(lambda s: point_in_time.compare_today(s, actor, [compared.then])):
        raise NoSuchDocument
    version = source.read(
        lambda s, as_of: point_in_time.open_version(
            s, actor, compared.then.id, as_of=as_of
        )
    )
    where = EarlierFiles(wired.files, wired.backups, wired.file_keys)
    return version.filename, where.read(version)


def _bring_back(
    compared: DocumentComparison,
    source: PointInTimeSource,
    reason: str,
    of_then: Definitions,
) -> None:
    actor, then, content = current_actor(), compared.then, None
    if point_in_time.needs_content(compared):
        name, file = _file_of(compared, source)
        content = ingest().receive(BytesIO(file), name, person=actor.id)
    copy = DocumentCopy(
        then,
        compared.today.revision if compared.today else None,
        source.as_of,
        reason,
        content,
        of_then,
    )
    brought = write(lambda s: point_in_time.bring_back(s, actor, copy))
    notify(
        _("{title} is back as it was.").format(title=plain(brought.title)),
        icon="history",
    )
    go("documents/document.py", document=str(brought.id))
