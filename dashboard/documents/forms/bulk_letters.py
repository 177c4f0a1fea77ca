"""A letter to several patients of a list: written once, looked at, filed for each."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID, uuid4, uuid5

import streamlit as st

from dashboard.context import counting_upload, current_actor, now, read, today, write
from dashboard.documents.forms.filed_letters import FILED, LETTERS, PAGE, counted
from dashboard.documents.forms.papers import (
    Paper,
    clinic_wording,
    make_paper,
    show_page,
    stored,
)
from dashboard.patients.search.bulk_actions import identity_of
from dashboard.patients.search.patient_listing import Listing
from dashboard.ui import form_fields
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields.distinct_labels import distinct_labels
from dashboard.ui.language import gettext as _, marked, ngettext
from services.core.errors import TooOften, Unavailable
from services.documents import forms, records
from services.documents.forms import InvalidForm, Template
from services.documents.forms.letters import (
    MOST,
    Letters,
    shared_part,
    templates_for_several,
)
from services.documents.records.drafts import DraftDocument
from services.documents.records.kinds import DocumentType
from services.lists.criteria import Count
from services.lists.pages import PagePosition
from services.patients.records import patients
from services.patients.search import Listed

_BEGUN: Final = f"{PAGE}_begun"
_SHOWN: Final = f"{PAGE}_shown"
_TEMPLATE: Final = f"{PAGE}_template"
_USUAL: Final = "letter"


@dataclass(frozen=True, slots=True)
class _Shown:
    """What somebody has looked at: the letters, and one of them on paper."""

    letters: Letters
    patient_id: UUID
    paper: Paper


def _written(count: int) -> str:
    return ngettext(
        "{count} letter is filed in the patient's record.",
        "{count} letters are filed, each in the record of its patient.",
        count,
    ).format(count=count)


def ask(listing: Listing, chosen: Sequence[Listed]) -> None:
    """Open the dialog in which the letter is written."""
    _write_letters(listing, chosen)


def _let_go() -> None:
    for kept in (_BEGUN, _SHOWN):
        st.session_state.pop(kept, None)


@dialog(
    marked("Write a letter to several patients"),
    width="large",
    icon=":material/stacked_email:",
    on_dismiss=_let_go,
)
def _write_letters(listing: Listing, chosen: Sequence[Listed]) -> None:
    with error_boundary():
        wants_all = _ask_for_whom(listing, len(chosen))
        template = _ask_for_template()
        st.caption(
            _(
                "Each patient's name, address and other details come from their "
                "record; what you write here is the same for all."
            )
        )
        shared = shared_part(template)
        places = form_fields.draw(PAGE, shared, _nothing)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            labels = distinct_labels({each: identity_of(each) for each in chosen})
            sample = st.selectbox(
                _("Preview for"),
                chosen,
                format_func=labels.__getitem__,
                key=f"{PAGE}_sample",
            )
            wants_preview = st.button(
                _("Preview"), key=f"{PAGE}_preview", icon=":material/visibility:"
            )
        if wants_preview:
            st.session_state.pop(_SHOWN, None)
            try:
                _make_preview(template, shared, sample)
            except InvalidForm as refusal:
                if any(problem.field not in places for problem in refusal.problems):
                    # The problem is in this patient's record, not in a field here.
                    raise
                form_fields.show_problems(places, refusal.problems)
                wrong = form_fields.labels(shared, refusal.problems)
                st.error(
                    _("Please fix the highlighted fields: {fields}.").format(
                        fields=wrong
                    ),
                    icon=":material/error:",
                )
        shown: _Shown | None = st.session_state.get(_SHOWN)
        if shown is None or not _is_as_shown(shown, template, shared, sample):
            st.caption(_("Preview one of them first; nothing is filed before that."))
            return
        everybody = _everybody(listing) if wants_all else chosen
        if confirmed(
            _("File {letters}").format(letters=counted(len(everybody))),
            key=f"{PAGE}_file",
            icon=":material/upload_file:",
            on_cancel=_let_go,
        ):
            _file_all(shown.letters, everybody)
        _show_paper(shown.paper)


def _nothing() -> None:
    """Keep no draft: what is typed stays in the dialog until the letters are filed."""


def _ask_for_whom(listing: Listing, chosen: int) -> bool:
    """Return whether the whole list is meant; ask only if it is not too long."""
    count: Count = listing.count()
    if count.is_exact and count.value <= chosen:
        return False
    if not count.is_exact or count.value > MOST:
        st.caption(
            _(
                "You can write to at most {most} patients at once. To write to "
                "everybody on the list, narrow it with filters."
            ).format(most=MOST)
        )
        return False
    both = {
        False: ngettext(
            "The {count} patient chosen", "The {count} patients chosen", chosen
        ).format(count=chosen),
        True: ngettext(
            "All {count} patient of the list",
            "All {count} patients of the list",
            count.value,
        ).format(count=count.value),
    }
    return st.radio(
        _("Recipients"), list(both), format_func=both.__getitem__, key=f"{PAGE}_whom"
    )


def _ask_for_template() -> Template:
    known: Mapping[str, Template] = templates_for_several(current_actor())
    st.session_state.setdefault(_TEMPLATE, _USUAL)
    name = st.selectbox(
        _("Form"),
        list(known),
        format_func=lambda name: _(known[name].title),
        key=_TEMPLATE,
    )
    st.caption(_(known[name].summary))
    return known[name]


def _make_preview(template: Template, shared: Template, sample: Listed) -> None:
    """Make the letter to one of them for the preview; raises InvalidForm."""
    begun, began_at = _begun()
    typed = form_fields.typed(PAGE, shared)
    words = forms.checked(shared, typed, today=began_at.date())
    # Other words are other letters, also for those who have got some of these.
    said = json.dumps([template.name, words], sort_keys=True, default=str)
    letters_id = uuid5(begun, said)
    letters = Letters(letters_id, began_at, template, words, clinic_wording())
    paper = _paper_for(letters, sample.id)
    st.session_state[_SHOWN] = _Shown(letters, sample.id, paper)


def _begun() -> tuple[UUID, datetime]:
    """Return the id and time of these letters; new ones on another day.

    If filing stops half-way, the letters filed so far are found and not filed twice.
    """
    begun: tuple[UUID, datetime] | None = st.session_state.get(_BEGUN)
    if begun is None or begun[1].date() != today():
        begun = st.session_state[_BEGUN] = (uuid4(), now())
    return begun


def _is_as_shown(
    shown: _Shown, template: Template, shared: Template, sample: Listed
) -> bool:
    """Return whether the fields still contain what was looked at."""
    letters = shown.letters
    typed = form_fields.typed(PAGE, shared)
    try:
        words = forms.checked(shared, typed, today=letters.began_at.date())
    except InvalidForm:
        return False
    return (template.name, words, sample.id) == (
        letters.template.name,
        letters.words,
        shown.patient_id,
    )


def _show_paper(paper: Paper) -> None:
    page = 1
    if paper.pages > 1:
        page = st.pagination(paper.pages, key=f"{PAGE}_page")
    show_page(paper, page)


def _everybody(listing: Listing) -> Sequence[Listed]:
    """Read the whole list, page by page, in its order; it is not long."""
    rows: list[Listed] = []
    after: UUID | None = None
    while True:
        page = listing.page(PagePosition(after=after))
        rows += page.rows
        after = page.next
        if after is None or len(rows) >= MOST:
            return rows[:MOST]


def _file_all(letters: Letters, everybody: Sequence[Listed]) -> None:
    """File the letters; if that breaks off, what was written stays for the others."""
    st.session_state[FILED] = []
    is_whole = True

    def file(patient: Listed) -> None:
        nonlocal is_whole
        try:
            _file_one(letters, patient)
        except (Unavailable, TooOften):
            is_whole = False
            raise

    def written(count: int) -> str:
        if is_whole:
            form_fields.clear(PAGE)
            _let_go()
        return _written(count)

    LETTERS.do(everybody, written, file)


def _file_one(letters: Letters, patient: Listed) -> None:
    """File the letter to one patient, with the permissions of the person writing it."""
    actor = current_actor()
    draft = DraftDocument(
        title=letters.title,
        document_type=DocumentType(letters.template.document_type),
        patient_id=patient.id,
        id=letters.document_id_for(patient.id),
        dated_on=today(),
    )
    with counting_upload(), stored(_paper_for(letters, patient.id)) as content:
        filed = write(lambda session: records.file(session, actor, draft, content))
    st.session_state[FILED].append(filed.id)


def _paper_for(letters: Letters, patient_id: UUID) -> Paper:
    """Make a patient's letter from the record as it is now."""
    actor = current_actor()
    patient = read(lambda session: patients.get_patient(session, actor, patient_id))
    return make_paper(
        letters.template,
        letters.form_for(patient),
        letters.document_id_for(patient_id),
        letters.began_at,
    )
