"""Deeds with documents: of people, and of the machine with those that wait."""

from dataclasses import replace

from services.core.audit import Action
from services.documents import records, search
from services.documents.records import ChangedDocument, DocumentRecord, DraftDocument
from services.lists.criteria import Criteria
from services.pdf import waiting
from services.pdf.report import PdfReport
from tests.services.core.audit_deeds.world import Deed, World, deed
from tests.services.documents.records.samples import content, file

_REASON = "A court asked for it."


def _filed(w: World) -> DocumentRecord:
    filed: DocumentRecord = file(w.session, w.clerk, of=w.patient)
    return filed


@deed(Action.DOCUMENT_FILE)
def document_file(w: World) -> Deed:
    patient = w.patient
    return lambda: file(w.session, w.clerk, of=patient)


@deed(Action.DOCUMENT_ADD_VERSION)
def document_add_version(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id, content(b"2"))
    return lambda: records.add_version(*given, revision=1)


@deed(Action.DOCUMENT_RESTORE_VERSION)
def document_restore_version(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.restore_version(*given, revision=1)


@deed(Action.DOCUMENT_LIST)
def document_list(w: World) -> Deed:
    clerk = w.clerk
    return lambda: search.list_documents(w.session, clerk, Criteria())


@deed(Action.DOCUMENT_COUNT)
def document_count(w: World) -> Deed:
    clerk = w.clerk
    return lambda: search.count_documents(w.session, clerk, Criteria())


@deed(Action.DOCUMENT_READ)
def document_read(w: World) -> Deed:
    filed = _filed(w)
    return lambda: records.get(w.session, w.clerk, filed.id)


@deed(Action.DOCUMENT_VIEW)
def document_view(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.open_version(*given, purpose="view", page=1)


@deed(Action.DOCUMENT_DOWNLOAD)
def document_download(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.open_version(*given, purpose="download")


@deed(Action.DOCUMENT_COMPARE)
def document_compare(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.text_of(*given)


@deed(Action.DOCUMENT_CHANGE)
def document_change(w: World) -> Deed:
    filed = _filed(w)
    named = replace(ChangedDocument.of(filed), title="Another")
    given = (w.session, w.clerk, filed.id, named)
    return lambda: records.change(*given, revision=1)


@deed(Action.DOCUMENT_DELETE)
def document_delete(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id)
    return lambda: records.delete(*given, revision=1)


@deed(Action.DOCUMENT_RESTORE)
def document_restore(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id)
    records.delete(*given, revision=1)
    return lambda: records.restore(*given, revision=2)


@deed(Action.DOCUMENT_HOLD)
def document_hold(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id)
    return lambda: records.hold(*given, reason=_REASON)


@deed(Action.DOCUMENT_RELEASE)
def document_release(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id)
    records.hold(*given, reason=_REASON)
    return lambda: records.release(*given)


@deed(Action.DOCUMENT_DAMAGED)
def document_damaged(w: World) -> Deed:
    given = (w.session, w.clerk, _filed(w).id, 1)
    return lambda: records.note_damage(*given)


@deed(Action.DOCUMENT_SCAN)
def document_scan(w: World) -> Deed:
    file_id = _file_stored(w, scan="waiting")
    return lambda: waiting.record_verdict(w.session, file_id, "infected")


@deed(Action.DOCUMENT_RECOGNISE)
def document_recognise(w: World) -> Deed:
    file_id = _file_stored(w, examination=PdfReport(pages=1))
    return lambda: waiting.record_words(w.session, file_id, ["Ada"], is_all=True)


def _file_stored(w: World, **changes: object) -> str:
    stored = content(**changes)
    records.file(w.session, w.clerk, DraftDocument(), stored)
    return stored.file_id
