"""What can be done to a document, each action with its question."""

from collections.abc import Collection
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, now, read, write
from dashboard.documents.filing import document_form
from dashboard.documents.sharing.reader_choice import readers_field
from dashboard.documents.tags.tag_words import tags_field
from dashboard.navigation import go
from dashboard.patients.search.patient_choice import choose_patient, forget_patient
from dashboard.ui.dialogs import confirmed
from dashboard.ui.error_boundary import error_boundary
from dashboard.ui.fields import bounded_area
from dashboard.ui.notices import notify
from dashboard.ui.words import at, plain
from services.core.actors import Permission, Role
from services.core.reasons import LONGEST
from services.documents import records
from services.documents.records import visibility
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import NoSuchDocument
from services.documents.records.model import DocumentRecord
from services.documents.sharing import readers

_DAYS_SECONDS = 60.0


def restorable_until(record: DocumentRecord) -> datetime:
    """Return until when the document can be restored, or could if deleted now."""
    actor = current_actor()
    days = read(
        lambda session: records.restore_days(session, actor),
        keep="restore_days",
        seconds=_DAYS_SECONDS,
    )
    return (record.deleted_at or now()) + timedelta(days=days[record.classification])


def offer_editing(record: DocumentRecord) -> None:
    """Offer to say anew what the document is."""
    if st.button("Edit", key="document_edit", icon=":material/edit:"):
        forget_patient("document_edit")
        _edit(record)


def offer_deletion(record: DocumentRecord) -> None:
    """Offer to delete, or say what keeps it."""
    if visibility.may_delete(current_actor(), record) and st.button(
        "Delete",
        key="document_delete",
        icon=":material/delete:",
        disabled=record.is_held,
        help="It is on legal hold and must be kept." if record.is_held else None,
    ):
        confirm_deletion(record)


def offer_hold(record: DocumentRecord) -> None:
    """Offer to keep the document whatever anybody wants, or to end that."""
    if not current_actor().may(Permission.HOLD_DOCUMENTS):
        return
    if record.is_held:
        if st.button("Release hold", key="document_release", icon=":material/gavel:"):
            _release(record)
    elif st.button("Legal hold", key="document_hold", icon=":material/gavel:"):
        _hold(record)


def offer_restoring(record: DocumentRecord, *, key: str = "document_restore") -> bool:
    """Offer to take the document back into use; tell whether that was done."""
    actor = current_actor()
    if not visibility.may_delete(actor, record) or not st.button(
        "Restore", type="primary", key=key, icon=":material/restore_from_trash:"
    ):
        return False
    write(lambda s: records.restore(s, actor, record.id, revision=record.revision))
    notify(f"Restored: {plain(record.title)}.")
    return True


@st.dialog("Delete this document?", icon=":material/delete:")
def confirm_deletion(record: DocumentRecord) -> None:
    """Name the document, and say until when it can be restored."""
    with error_boundary():
        versions = (
            f"all {record.latest} versions of it" if record.latest > 1 else "its file"
        )
        st.markdown(
            f"**{plain(record.title)}** and {versions} leave the lists and the search, "
            "and links to it stop working. It can be restored until "
            f"**{at(restorable_until(record))}**; after that it is gone for good."
        )
        if confirmed("Delete document", key="document_delete_confirm"):
            _delete(record)
            st.rerun()


def _delete(record: DocumentRecord) -> None:
    """Delete the document and say so, also where a colleague was faster."""
    actor, how = current_actor(), "is"
    try:
        deleted = write(
            lambda s: records.delete(s, actor, record.id, revision=record.revision)
        )
    except NoSuchDocument:
        # What is not in the trash either stays unknown. Asked where it was deleted, so
        # that the page shows nothing older from now on.
        deleted = write(lambda s: records.get(s, actor, record.id, even_deleted=True))
        how = "was already"
    until = at(restorable_until(deleted))
    notify(
        f"{plain(record.title)} {how} deleted. It can be restored until {until}.",
        icon="delete",
    )


@st.dialog("Edit this document", icon=":material/edit:")
def _edit(record: DocumentRecord) -> None:
    with error_boundary():
        actor, key = current_actor(), f"document_edit_{record.id}"
        title = document_form.title_field(key, record.title)
        dated_on = document_form.date_field(key, record.dated_on)
        description = document_form.description_field(key, record.description)
        document_type, classification = record.document_type, record.classification
        patient_id, tags, named = record.patient_id, list(record.tags), None
        handling = document_form.Handling(
            record.urgent, record.confidential, record.withheld
        )
        if actor.role is not Role.PATIENT:
            document_type = document_form.document_type_field(key, document_type)
            kept_as = document_form.classification_field(key, classification)
            classification = kept_as or classification
            tags = tags_field(key, record.tags)
            handling = document_form.handling_fields(key, handling)
            if handling.confidential and not _loses_sight(record):
                named = readers_field(key, record)
            patient_id = choose_patient("document_edit", record.patient_id)
        changes = ChangedDocument(
            title=title,
            document_type=document_type,
            classification=classification,
            description=description,
            metadata=record.metadata,
            patient_id=patient_id,
            dated_on=dated_on,
            tags=tuple(tags),
            urgent=handling.urgent,
            confidential=handling.confidential,
            withheld=handling.withheld,
        )
        if st.button("Save changes", type="primary", key="document_edit_save"):
            write(partial(_save, record, changes, named))
            if handling.confidential and _loses_sight(record):
                notify(
                    f"{plain(title)} is confidential now: it opens for the clinicians "
                    "who treat the patient, and no longer at the front desk.",
                    icon="lock",
                )
                go("documents/documents.py")
            notify("The changes are saved.")
            st.rerun()


def _save(
    record: DocumentRecord,
    changes: ChangedDocument,
    named: Collection[UUID] | None,
    session: Session,
) -> None:
    actor = current_actor()
    after = records.change(session, actor, record.id, changes, revision=record.revision)
    if named is not None:
        readers.name_readers(session, actor, record.id, named, revision=after.revision)


def _loses_sight(record: DocumentRecord) -> bool:
    """Tell whether whoever makes the document confidential opens it no more then."""
    actor = current_actor()
    return (
        actor.role is Role.STAFF
        and not record.confidential
        and record.created_by != actor.id
    )


@st.dialog("Put this document on legal hold?", icon=":material/gavel:")
def _hold(record: DocumentRecord) -> None:
    with error_boundary(), st.form("document_hold_form", border=False):
        st.markdown(
            f"**{plain(record.title)}** is then kept whatever happens: nobody can "
            "delete it, and it stays when its time is over, until the hold is released."
        )
        reason = bounded_area(
            "Reason",
            key="document_hold_reason",
            longest=LONGEST,
            help="Such as a case number. It is kept with the document.",
        )
        if st.form_submit_button(
            "Hold document", type="primary", key="document_hold_confirm"
        ):
            actor = current_actor()
            write(lambda s: records.hold(s, actor, record.id, reason=reason))
            notify(f"{plain(record.title)} is on legal hold.", icon="gavel")
            st.rerun()


@st.dialog("Release the legal hold?", icon=":material/gavel:")
def _release(record: DocumentRecord) -> None:
    with error_boundary():
        st.markdown(
            f"**{plain(record.title)}** was put on hold because: "
            f"{plain(record.held_because or '')}. Without the hold it can be deleted, "
            "and goes when its time is over."
        )
        if confirmed("Release hold", key="document_release_confirm"):
            actor = current_actor()
            write(lambda s: records.release(s, actor, record.id))
            notify(f"{plain(record.title)} is no longer on hold.", icon="gavel")
            st.rerun()
