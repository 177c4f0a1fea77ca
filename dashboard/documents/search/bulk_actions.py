"""What can be done with several documents at once, each with the rights for one.

Each is changed separately, with an entry of its own in the audit log: a refusal of one
does not stop the others. In the end one summary shows what was done and what was not.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Final
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, write
from dashboard.documents.filing import document_form
from dashboard.documents.records import document_addresses
from dashboard.documents.search import bulk_words
from dashboard.documents.tags.tag_words import tags_field
from dashboard.patients.search.patient_choice import choose_patient, forget_patient
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.language import gettext as _, marked
from dashboard.ui.lists.bulk import BulkActs
from dashboard.ui.record_table import RowAction, Selection
from services.core import reasons
from services.core.actors import Actor, Permission, Role
from services.documents import records
from services.documents.records import visibility
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import NoSuchDocument
from services.documents.records.kinds import DocumentType
from services.documents.records.model import DocumentRecord

_PAGE: Final = "documents_bulk"
_ACTS: Final[BulkActs[DocumentRecord]] = BulkActs(
    _PAGE,
    ("document", "documents"),
    bulk_words.counted,
    lambda document: document.title,
    NoSuchDocument,
)
# What a mark sets; a document that is no longer confidential is withheld from nobody.
_MARKS: Final[dict[str, dict[str, bool]]] = {
    marked("Urgent"): {"urgent": True},
    marked("Not urgent"): {"urgent": False},
    marked("Confidential"): {"confidential": True},
    marked("Not confidential"): {"confidential": False, "withheld": False},
}
# Changes one document, in a transaction of its own.
Change = Callable[[Session, DocumentRecord], object]


def selection_for(actor: Actor) -> Selection:
    """Return the actions that somebody may take on several documents."""
    noun = (_(_ACTS.noun[0]), _(_ACTS.noun[1]))
    return Selection(noun, tuple(_actions(actor)))


def ask(documents: Sequence[DocumentRecord], action: str) -> None:
    """Open the dialog of an action."""
    forget_patient(_PAGE)
    _DIALOGS[action](documents)


def show_summary() -> None:
    """Show the outcome of the last action on several documents."""
    _ACTS.show_summary()


def _actions(actor: Actor) -> Iterator[RowAction]:
    is_patient = actor.role is Role.PATIENT
    if not is_patient and actor.may(visibility.permission_to_file(actor)):
        yield RowAction("type", _("Set type"), "label")
        yield RowAction("tag", _("Add tag"), "sell")
        yield RowAction("handling", _("Mark"), "priority_high")
        yield RowAction("patient", _("File to patient"), "person_add")
    if actor.may(Permission.HOLD_DOCUMENTS):
        yield RowAction("hold", _("Legal hold"), "gavel")
    yield RowAction("zip", _("Download"), "download", document_addresses.SEVERAL)
    if is_patient or actor.may(Permission.DELETE_DOCUMENTS):
        yield RowAction("delete", _("Delete"), "delete")


@dialog(marked("Set the type of these documents"), icon=":material/label:")
def _set_type(documents: Sequence[DocumentRecord]) -> None:
    with error_boundary():
        key = _ACTS.key_of(documents)
        kind = document_form.document_type_field(key, DocumentType.OTHER)
        if confirmed(
            _("Set type of {count}").format(count=bulk_words.counted(len(documents))),
            key=f"{_PAGE}_type_set",
        ):
            _do(documents, bulk_words.changed, partial(_change, document_type=kind))


@dialog(marked("Add tags to these documents"), icon=":material/sell:")
def _add_tags(documents: Sequence[DocumentRecord]) -> None:
    with error_boundary():
        chosen = tags_field(_ACTS.key_of(documents), ())
        if confirmed(
            _("Add to {count}").format(count=bulk_words.counted(len(documents))),
            key=f"{_PAGE}_tag_set",
            is_disabled=not chosen,
        ):
            _do(documents, bulk_words.tagged, partial(_tag, names=tuple(chosen)))


@dialog(marked("Mark these documents"), icon=":material/priority_high:")
def _mark(documents: Sequence[DocumentRecord]) -> None:
    with error_boundary():
        chosen = st.radio(
            _("Mark them as"),
            list(_MARKS),
            key=f"{_ACTS.key_of(documents)}_mark",
            format_func=_,
            horizontal=True,
        )
        st.caption(
            _(
                "Only the person who filed it, the clinicians who treat the patient "
                "and people who are named can open a confidential document; links to "
                "it stop working."
            )
        )
        if confirmed(
            _("Mark {count}").format(count=bulk_words.counted(len(documents))),
            key=f"{_PAGE}_mark_set",
        ):
            _do(
                documents,
                partial(bulk_words.marked_as, chosen),
                partial(_handle, marks=_MARKS[chosen]),
            )


@dialog(marked("File these documents to a patient"), icon=":material/person_add:")
def _file_to_patient(documents: Sequence[DocumentRecord]) -> None:
    with error_boundary():
        patient_id = choose_patient(
            _PAGE, advice=_("Find the patient these belong to.")
        )
        if confirmed(
            _("File {count}").format(count=bulk_words.counted(len(documents))),
            key=f"{_PAGE}_patient_set",
            is_disabled=patient_id is None,
        ):
            _do(
                documents,
                bulk_words.filed,
                partial(_change, patient_id=patient_id),
            )


@dialog(marked("Put these documents on legal hold?"), icon=":material/gavel:")
def _hold(documents: Sequence[DocumentRecord]) -> None:
    with error_boundary(), st.form(f"{_PAGE}_hold_form", border=False):
        st.markdown(
            _("{count} will be kept until each hold is released.").format(
                count=bulk_words.counted(len(documents))
            )
        )
        reason = bounded_area(
            _("Reason"),
            key=f"{_ACTS.key_of(documents)}_hold_reason",
            longest=reasons.LONGEST,
            help=_("For example a case number. It is kept with each document."),
        )
        if confirmed(_("Hold documents"), key=f"{_PAGE}_hold_confirm", is_in_form=True):
            # Checked here, where it was typed, so that it is not refused for each
            # document.
            because = reasons.read(reason)
            _do(documents, bulk_words.held, partial(_put_on_hold, reason=because))


@dialog(marked("Delete these documents?"), icon=":material/delete:")
def _delete(documents: Sequence[DocumentRecord]) -> None:
    with error_boundary():
        st.markdown(
            _(
                "**{count}**, with all versions, will be removed from lists and "
                "search, and links to them stop working. *Trash* shows until when "
                "each can be restored. Documents on legal hold are kept."
            ).format(count=bulk_words.counted(len(documents)))
        )
        if confirmed(
            _("Delete {count}").format(count=bulk_words.counted(len(documents))),
            key=f"{_PAGE}_delete_confirm",
        ):
            _do(documents, bulk_words.deleted, _put_in_trash)


def _change(session: Session, record: DocumentRecord, **changes: object) -> None:
    wanted = replace(ChangedDocument.of(record), **changes)  # type: ignore[arg-type]
    records.change(
        session, current_actor(), record.id, wanted, revision=record.revision
    )


def _tag(session: Session, record: DocumentRecord, *, names: tuple[str, ...]) -> None:
    _change(session, record, tags=(*record.tags, *names))


def _handle(
    session: Session, record: DocumentRecord, *, marks: Mapping[str, bool]
) -> None:
    _change(session, record, **marks)


def _put_on_hold(session: Session, record: DocumentRecord, *, reason: str) -> None:
    records.hold(session, current_actor(), record.id, reason=reason)


def _put_in_trash(session: Session, record: DocumentRecord) -> None:
    records.delete(session, current_actor(), record.id, revision=record.revision)


def _do(
    documents: Sequence[DocumentRecord], said: Callable[[int], str], change: Change
) -> None:
    def act(document: DocumentRecord) -> None:
        write(partial(_do_with_one, document_id=document.id, change=change))

    _ACTS.do(documents, said, act)


def _do_with_one(session: Session, *, document_id: UUID, change: Change) -> None:
    change(session, records.look_up(session, current_actor(), document_id))


_DIALOGS: Final[dict[str, Callable[[Sequence[DocumentRecord]], None]]] = {
    "type": _set_type,
    "tag": _add_tags,
    "handling": _mark,
    "patient": _file_to_patient,
    "hold": _hold,
    "delete": _delete,
}
