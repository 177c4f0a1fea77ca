"""Actions on documents: by people, and by the machine on waiting ones."""

from dataclasses import replace

from services.core.audit import Action
from services.documents import records, search
from services.documents.point_in_time import DocumentCopy, bring_back
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.documents.records.model import DocumentRecord
from services.lists.criteria import Criteria
from services.pdf import waiting
from services.pdf.report import PageWords, PdfReport, Word
from tests.services.core.audit_actions.world import ActionCall, World, prepares
from tests.services.documents.records.samples import content, file

_REASON = "A court asked for it."


def _filed(w: World) -> DocumentRecord:
    filed: DocumentRecord = file(w.session, w.clerk, of=w.patient)
    return filed


@prepares(Action.DOCUMENT_FILE)
def document_file(w: World) -> ActionCall:
    patient = w.patient
    return lambda: file(w.session, w.clerk, of=patient)


@prepares(Action.DOCUMENT_ADD_VERSION)
def document_add_version(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, content(b"2"))
    return lambda: records.add_version(*given, revision=1)


@prepares(Action.DOCUMENT_RESTORE_VERSION)
def document_restore_version(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.restore_version(*given, revision=1)


@prepares(Action.DOCUMENT_LIST)
def document_list(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: search.list_documents(w.session, clerk, Criteria())


@prepares(Action.DOCUMENT_COUNT)
def document_count(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: search.count_documents(w.session, clerk, Criteria())


@prepares(Action.DOCUMENT_READ)
def document_read(w: World) -> ActionCall:
    filed = _filed(w)
    return lambda: records.get(w.session, w.clerk, filed.id)


@prepares(Action.DOCUMENT_VIEW)
def document_view(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.open_version(*given, purpose="view", page=1)


@prepares(Action.DOCUMENT_PRINT)
def document_print(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.open_version(*given, purpose="print", page=1)


@prepares(Action.DOCUMENT_DOWNLOAD)
def document_download(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.open_version(*given, purpose="download")


@prepares(Action.DOCUMENT_COMPARE)
def document_compare(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.text_of(*given)


@prepares(Action.DOCUMENT_CHANGE)
def document_change(w: World) -> ActionCall:
    filed = _filed(w)
    named = replace(ChangedDocument.of(filed), title="Another")
    given = (w.session, w.clerk, filed.id, named)
    return lambda: records.change(*given, revision=1)


@prepares(Action.DOCUMENT_DELETE)
def document_delete(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id)
    return lambda: records.delete(*given, revision=1)


@prepares(Action.POINT_IN_TIME_COPY_DOCUMENT)
def point_in_time_copy_document(w: World) -> ActionCall:
    then = _filed(w)
    records.delete(w.session, w.clerk, then.id, revision=1)
    copy = DocumentCopy(then, 2, None, _REASON)
    return lambda: bring_back(w.session, w.clerk, copy)


@prepares(Action.DOCUMENT_RESTORE)
def document_restore(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id)
    records.delete(*given, revision=1)
    return lambda: records.restore(*given, revision=2)


@prepares(Action.DOCUMENT_HOLD)
def document_hold(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id)
    return lambda: records.hold(*given, reason=_REASON)


@prepares(Action.DOCUMENT_RELEASE)
def document_release(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id)
    records.hold(*given, reason=_REASON)
    return lambda: records.release(*given)


@prepares(Action.DOCUMENT_DAMAGED)
def document_damaged(w: World) -> ActionCall:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.note_damage(*given)


@prepares(Action.DOCUMENT_SCAN)
def document_scan(w: World) -> ActionCall:
    file_id = _file_stored(w, scan="waiting")
    return lambda: waiting.record_verdict(w.session, file_id, "infected")


@prepares(Action.DOCUMENT_RECOGNISE)
def document_recognise(w: World) -> ActionCall:
    file_id = _file_stored(w, report=PdfReport(pages=1))
    read = [PageWords(595, 842, (Word("Ada", 0.1, 0.2, 0.3, 0.04, ""),))]
    return lambda: waiting.record_words(w.session, file_id, (), read, is_all=True)


def _file_stored(w: World, **changes: object) -> str:
    stored = content(**changes)
    records.file(w.session, w.clerk, DraftDocument(), stored)
    return stored.file_id
