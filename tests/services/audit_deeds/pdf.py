"""What the machine does with documents that wait."""

from services import documents
from services.audit import Action
from services.documents import DraftDocument
from services.pdf import waiting
from services.pdf.examination import Examination
from tests.services.audit_deeds.world import Deed, World, deed
from tests.services.documents.samples import content


@deed(Action.DOCUMENT_SCAN)
def document_scan(w: World) -> Deed:
    file_id = _filed(w, scan="waiting")
    return lambda: waiting.record_verdict(w.session, file_id, "infected")


@deed(Action.DOCUMENT_RECOGNISE)
def document_recognise(w: World) -> Deed:
    file_id = _filed(w, examination=Examination(pages=1))
    return lambda: waiting.record_words(w.session, file_id, ["Ada"], is_all=True)


def _filed(w: World, **changes: object) -> str:
    stored = content(**changes)
    documents.file(w.session, w.clerk, DraftDocument(), stored)
    return stored.file_id
