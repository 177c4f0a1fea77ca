"""The document made from the form: looked at page by page, then filed."""

from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard.context import counting_upload, current_actor, now, today, write
from dashboard.documents.forms import form_drafts, open_form as beginning
from dashboard.documents.forms.form_filing import Filing
from dashboard.documents.forms.open_form import PAGE, OpenForm
from dashboard.documents.forms.papers import Paper, make_paper, show_page, stored
from dashboard.navigation import go
from dashboard.ui import form_fields
from dashboard.ui.dialogs import dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.notices import notify
from dashboard.ui.words import plain
from services.core.actors import Role
from services.documents import records
from services.documents.records.drafts import DraftDocument, StoredContent
from services.documents.records.errors import DocumentIdTaken
from services.documents.records.kinds import DocumentType
from services.documents.records.model import DocumentRecord

_MADE: Final = f"{PAGE}_made"


@dataclass(frozen=True, slots=True)
class UnconfirmedDocument:
    """A document that nobody has confirmed yet, and what it was made from."""

    begun: OpenForm
    filing: Filing
    paper: Paper


def make(begun: OpenForm, filing: Filing) -> None:
    """Make the PDF and keep it for the preview; raises InvalidForm."""
    typed = form_fields.typed(PAGE, begun.template)
    paper = make_paper(begun.template, typed, begun.document_id, now())
    st.session_state[_MADE] = UnconfirmedDocument(begun, filing, paper)


def show_preview(begun: OpenForm) -> None:
    """Open the preview while there is an unconfirmed document."""
    made: UnconfirmedDocument | None = st.session_state.get(_MADE)
    if made is not None and made.begun.document_id == begun.document_id:
        _preview(made)


def _let_go() -> None:
    st.session_state.pop(_MADE, None)


@dialog(
    marked("Preview"),
    width="large",
    icon=":material/visibility:",
    on_dismiss=_let_go,
)
def _preview(made: UnconfirmedDocument) -> None:
    """Show the pages as they will be filed; nothing is stored before confirmation."""
    with error_boundary():
        # Above the pages: below them nobody would see the buttons without scrolling.
        with st.container(horizontal=True, vertical_alignment="center"):
            confirmed = st.button(
                _("Confirm & Upload"),
                type="primary",
                key=f"{PAGE}_confirm",
                icon=":material/upload_file:",
            )
            if st.button(_("Back to the form"), key=f"{PAGE}_back"):
                _let_go()
                st.rerun()
            page = 1
            if made.paper.pages > 1:
                page = st.pagination(made.paper.pages, key=f"{PAGE}_preview_page")
        show_page(made.paper, page)
        if confirmed:
            _file(made)


def _file(made: UnconfirmedDocument) -> None:
    """File the form, then open what it has become; raises what the services raise."""
    try:
        with counting_upload(), stored(made.paper) as content:
            filed = _write(made, content)
    except DocumentIdTaken:
        # It was filed before, as it was then, although nobody heard so.
        beginning.take_new_id()
        raise
    form_drafts.forget(made.begun)
    beginning.forget()
    _let_go()
    what = _("“{title}”").format(title=plain(filed.title))
    if made.begun.replaced is not None:
        what = _("Version {number} of {title}").format(number=filed.latest, title=what)
    if current_actor().role is Role.PATIENT:
        notify(_("Document generated and uploaded successfully"))
        go("documents/documents.py")
    notify(_("{what} is filed.").format(what=what))
    # The next step is to print it, to send it, or to read it once more.
    go("documents/document.py", document=str(filed.id))


def _write(made: UnconfirmedDocument, content: StoredContent) -> DocumentRecord:
    actor, begun, filing = current_actor(), made.begun, made.filing
    if (replaced := begun.replaced) is not None:
        return write(
            lambda session: records.add_version(
                session, actor, replaced.id, content, revision=replaced.revision
            )
        )
    draft = DraftDocument(
        title=filing.title,
        document_type=DocumentType(begun.template.document_type),
        classification=filing.classification,
        description=filing.description,
        patient_id=begun.patient_id,
        id=begun.document_id,
        dated_on=today(),
        fields=filing.fields,
    )
    return write(lambda session: records.file(session, actor, draft, content))
