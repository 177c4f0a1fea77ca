"""Many files at once: what each is, how it was filed, when the next may come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Literal
from uuid import UUID

import streamlit as st
from streamlit.runtime.uploaded_file_manager import DeletedFile, UploadedFile

from dashboard.context import current_actor, now
from dashboard.documents.fields.field_inputs import own_fields
from dashboard.documents.filing import document_form, ingest
from dashboard.documents.records import (
    document_actions,
    document_addresses,
    document_words as words,
)
from dashboard.patients.search.patient_choice import choose_patient
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.language import gettext as _, marked, ngettext, refusal_text
from dashboard.ui.outcomes.field_problems import problem_of
from dashboard.ui.words import plain
from dashboard.web.uploaded_files import is_arriving
from services.core.actors import Permission, Role
from services.core.errors import ServiceError, TooOften
from services.documents.records.drafts import DraftDocument
from services.documents.records.guessing import PaperGuess
from services.documents.records.kinds import DocumentType
from services.documents.records.model import DocumentRecord
from services.documents.records.visibility import may_delete

_PAGE: Final = "upload_documents"
_ROUND: Final = f"{_PAGE}_round"
_OUTCOMES: Final = f"{_PAGE}_outcomes"
_WAIT: Final = f"{_PAGE}_wait_until"
_GUESSES: Final = f"{_PAGE}_guesses"
_ALL: Final = f"{_PAGE}_all"
_SEVERAL: Final = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the filing of one file ended, as a sentence, and the document, if any.

    With a `record`, it is the document that was just filed, and it can be undone.
    """

    kind: Literal["filed", "known", "refused"]
    filename: str
    sentence: str
    document_id: UUID | None = None
    record: DocumentRecord | None = None


def choose_files() -> list[UploadedFile]:
    """Ask for files; return those that are not filed yet."""
    uploads = st.file_uploader(
        _("Choose PDF files or pictures, up to 50 MB each"),
        accept_multiple_files=True,
        max_upload_size=ingest.MAX_MEGABYTES,
        key=_uploader(),
    )
    if lost := _count_lost():
        st.warning(
            ngettext(
                "One of the files listed here is no longer on the server, because it "
                "was restarted. Remove it from the list and choose it again.",
                "{count} of the files listed here are no longer on the server, because "
                "it was restarted. Remove them from the list and choose them again.",
                lost,
            ).format(count=lost)
            + (
                _(" Those that are described below are still there.") if uploads else ""
            ),
            icon=":material/cloud_off:",
        )
    # The uploader still lists filed files, though their bytes have been released.
    return [upload for upload in uploads if not _is_filed(upload.file_id)]


def ask_for_all(uploads: Sequence[UploadedFile]) -> None:
    """Ask once for what is the same for several files; each can still differ."""
    if len(uploads) < _SEVERAL:
        return
    keys = [_key(upload) for upload in uploads]
    with st.container(border=True), st.grid(2, min_column_width=240):
        document_form.document_type_field(
            _ALL,
            DocumentType.OTHER,
            label=marked("Type for all files"),
            on_change=partial(_take_over, "type", keys),
        )
        if current_actor().role is not Role.PATIENT:
            document_form.classification_field(
                _ALL,
                None,
                label=marked("Retention class for all files"),
                on_change=partial(_take_over, "class", keys),
            )


def ask_for_draft(
    upload: UploadedFile, patient_id: UUID | None, *, is_one_of_many: bool
) -> DraftDocument | None:
    """Ask what one file is; the answers stay until the file is filed.

    One of many may be of another patient than the rest. Returns None while that patient
    cannot be asked for.
    """
    key, is_known, guess = _key(upload), True, _guessed(upload)
    with st.container(border=True):
        st.markdown(f"**{plain(upload.name)}** · {words.size(upload.size)}")
        show_outcome(_outcomes().get(upload.file_id))
        with st.grid(2, min_column_width=240):
            title = document_form.title_field(key, guess.title)
            dated_on = document_form.date_field(key, guess.dated_on)
            document_type = document_form.document_type_field(key, DocumentType.OTHER)
            classification, fields = None, None
            if current_actor().role is not Role.PATIENT:
                classification = document_form.classification_field(key, None)
                fields = own_fields(key, document_type)
        description = document_form.description_field(key)
        handling = document_form.Handling()
        if current_actor().role is not Role.PATIENT:
            handling = document_form.handling_fields(key)
        if is_one_of_many and _is_of_another(key):
            is_known = False
            with error_boundary():
                patient_id, is_known = choose_patient(key), True
        if _is_known(upload):
            st.checkbox(_("File it again anyway"), key=f"{key}_again")
    if not is_known:
        return None
    return DraftDocument(
        title=title,
        dated_on=dated_on,
        document_type=document_type,
        classification=classification,
        description=description,
        patient_id=patient_id,
        urgent=handling.urgent,
        confidential=handling.confidential,
        withheld=handling.withheld,
        fields=fields,
    )


def file_all(uploads: Sequence[UploadedFile], drafts: Sequence[DraftDocument]) -> None:
    """File one after the other, and remember each outcome."""
    progress = st.progress(0.0)
    for place, (upload, draft) in enumerate(zip(uploads, drafts, strict=True)):
        progress.progress(
            place / len(uploads),
            text=_("Checking and encrypting {name} ({place} of {count})").format(
                name=plain(upload.name), place=place + 1, count=len(uploads)
            ),
        )
        try:
            _outcomes()[upload.file_id] = _file(upload, draft)
        except TooOften as refusal:
            wait = timedelta(seconds=refusal.retry_after_seconds)
            st.session_state[_WAIT] = now() + wait
            break
        except ServiceError as refusal:
            _outcomes()[upload.file_id] = Outcome(
                "refused", upload.name, refusal_text(refusal)
            )
    is_whole = not is_arriving() and not _count_lost()
    if is_whole and all(_is_filed(upload.file_id) for upload in uploads):
        # A new uploader, whose list is empty. What is still being sent to this one, or
        # has to be chosen again, would be lost without a word.
        st.session_state[_ROUND] += 1


def show_nothing_to_file() -> None:
    """Show why no file can be filed, although that was asked for."""
    if is_arriving():
        st.info(
            _(
                "A file is still being sent. Press the button again when its "
                "description is asked for."
            ),
            icon=":material/hourglass_top:",
        )
    elif filed_before():
        # Perhaps the second click of two, the first of which has filed everything.
        st.caption(_("There is nothing more to file. Choose the next file above."))
    else:
        with problem_of("files"):
            st.error(_("No file uploaded"), icon=":material/block:")
        st.caption(
            _(
                "Choose a PDF or a picture above first. Files shown in red were not "
                "accepted: they are larger than {most} MB, or the reason is given "
                "below them."
            ).format(most=ingest.MAX_MEGABYTES)
        )


def filed_before() -> list[Outcome]:
    """Return what was filed since somebody came to this page."""
    return [outcome for outcome in _outcomes().values() if outcome.kind == "filed"]


def show_filed() -> None:
    """Show what was filed since somebody came to this page, each with an undo."""
    for outcome in filed_before():
        with st.container(horizontal=True, vertical_alignment="center"):
            show_outcome(outcome)
            _offer_undo(outcome)


def _offer_undo(outcome: Outcome) -> None:
    record = outcome.record
    if record is None or not may_delete(current_actor(), record):
        return
    if st.button(
        _("Undo"),
        key=f"{_PAGE}_undo_{record.id}",
        icon=":material/undo:",
        type="tertiary",
        help=_("Moves the document to the trash."),
    ):
        document_actions.delete(record)
        outcomes = st.session_state[_OUTCOMES]
        st.session_state[_OUTCOMES] = {
            key: kept for key, kept in outcomes.items() if kept is not outcome
        }
        st.rerun()


def forget_outcomes() -> None:
    """Forget the outcomes of earlier files."""
    st.session_state.pop(_OUTCOMES, None)


def show_outcome(outcome: Outcome | None) -> None:
    """Show the outcome of a file, with a link to its document if there is one."""
    if outcome is None:
        return
    link = ""
    if outcome.document_id:
        link = _(" [Open it]({document_page})").format(
            document_page=document_addresses.document_page(outcome.document_id)
        )
    match outcome.kind:
        case "filed":
            filed = _("{filename} is filed.").format(filename=plain(outcome.filename))
            if outcome.sentence:
                st.warning(
                    _("{filed} Check it: {sentence}.{link}").format(
                        filed=filed, sentence=plain(outcome.sentence), link=link
                    ),
                    icon=":material/warning:",
                )
            else:
                st.success(f"{filed}{link}", icon=":material/check_circle:")
        case "known":
            st.warning(f"{outcome.sentence}{link}", icon=":material/content_copy:")
        case _:
            st.error(plain(outcome.sentence), icon=":material/block:")


def show_upload_limit() -> bool:
    """Show a countdown while the limit is reached; return whether it is."""
    until: datetime | None = st.session_state.get(_WAIT)
    if until is None or until <= now():
        return False
    _count_down(until)
    return True


@st.fragment(run_every="1s")
def _count_down(until: datetime) -> None:
    left = round((until - now()).total_seconds())
    if left <= 0:
        st.session_state.pop(_WAIT, None)
        st.rerun()
    minutes, seconds = divmod(left, 60)
    st.warning(
        _(
            "You have reached the hourly limit for files. Nothing is lost: files that "
            "are not filed yet are still here. You can continue in "
            "{minutes}:{seconds:02}."
        ).format(minutes=minutes, seconds=seconds),
        icon=":material/hourglass_top:",
    )


def _guessed(upload: UploadedFile) -> PaperGuess:
    """Return a guess at the paper from its file, which is read only once."""
    guesses: dict[str, PaperGuess] = st.session_state.setdefault(_GUESSES, {})
    if upload.file_id not in guesses:
        guesses[upload.file_id] = ingest.guess(upload)
    return guesses[upload.file_id]


def _key(upload: UploadedFile) -> str:
    return f"{_PAGE}_{upload.file_id}"


def _take_over(field: str, keys: Sequence[str]) -> None:
    """Copy what was chosen for all files to each of them."""
    for key in keys:
        st.session_state[f"{key}_{field}"] = st.session_state[f"{_ALL}_{field}"]


def _is_of_another(key: str) -> bool:
    """Ask whether a file is of another patient than the others."""
    if not current_actor().may(Permission.LIST_PATIENTS):
        return False
    return st.checkbox(_("This file belongs to another patient"), key=f"{key}_other")


def _file(upload: UploadedFile, draft: DraftDocument) -> Outcome:
    again = st.session_state.get(f"{_key(upload)}_again", False)
    done = ingest.file(upload, draft, even_if_known=again)
    if isinstance(done, ingest.AlreadyFiled):
        known = done.known
        sentence = _("Already filed as “{title}”.").format(title=plain(known.title))
        return Outcome("known", upload.name, sentence, known.id)
    noted = "; ".join(
        _(words.FINDINGS.get(finding, finding)) for finding in done.version.findings
    )
    return Outcome("filed", upload.name, noted, done.id, record=done)


def _uploader() -> str:
    """Return the key of the uploader; a new one's list is empty."""
    return f"{_PAGE}_files_{st.session_state.setdefault(_ROUND, 0)}"


def _count_lost() -> int:
    """Count the files that the uploader lists although their bytes are gone.

    A page goes on with another process if its own dies, and that has no files of it.
    """
    listed = st.session_state[_uploader()]
    gone = (each.file_id for each in listed if isinstance(each, DeletedFile))
    return sum(not _is_filed(file_id) for file_id in gone)


def _outcomes() -> dict[str, Outcome]:
    outcomes: dict[str, Outcome] = st.session_state.setdefault(_OUTCOMES, {})
    return outcomes


def _is_filed(file_id: str) -> bool:
    outcome = _outcomes().get(file_id)
    return outcome is not None and outcome.kind == "filed"


def _is_known(upload: UploadedFile) -> bool:
    outcome = _outcomes().get(upload.file_id)
    return outcome is not None and outcome.kind == "known"
