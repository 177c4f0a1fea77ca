"""What can be done to a document, each action with its dialog."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import streamlit as st
from sqlalchemy.orm import Session

from dashboard.context import current_actor, now, read, write
from dashboard.documents.fields.field_inputs import own_fields
from dashboard.documents.filing import document_form
from dashboard.documents.records.gone_documents import document_dialog_boundary
from dashboard.documents.sharing.reader_choice import readers_field
from dashboard.documents.tags.tag_words import tags_field
from dashboard.navigation import go
from dashboard.patients.search.patient_choice import choose_patient, forget_patient
from dashboard.ui.dialogs import confirmed, dialog
from dashboard.ui.fields import bounded_area
from dashboard.ui.language import gettext as _, marked
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
    """Offer to change the description of the document."""
    if st.button(_("Edit"), key="document_edit", icon=":material/edit:"):
        forget_patient("document_edit")
        _edit(record)


def offer_deletion(record: DocumentRecord) -> None:
    """Offer to delete the document, or show what prevents it."""
    if visibility.may_delete(current_actor(), record) and st.button(
        _("Delete"),
        key="document_delete",
        icon=":material/delete:",
        disabled=record.is_held,
        help=_("It is on legal hold and must be kept.") if record.is_held else None,
    ):
        confirm_deletion(record)


def offer_hold(record: DocumentRecord) -> None:
    """Offer to put the document on legal hold, or to release it."""
    if not current_actor().may(Permission.HOLD_DOCUMENTS):
        return
    if record.is_held:
        if st.button(
            _("Release hold"), key="document_release", icon=":material/gavel:"
        ):
            _release(record)
    elif st.button(_("Legal hold"), key="document_hold", icon=":material/gavel:"):
        _hold(record)


def offer_restoring(record: DocumentRecord, *, key: str = "document_restore") -> bool:
    """Offer to restore the document; return whether that was done."""
    actor = current_actor()
    if not visibility.may_delete(actor, record) or not st.button(
        _("Restore"), type="primary", key=key, icon=":material/restore_from_trash:"
    ):
        return False
    write(lambda s: records.restore(s, actor, record.id, revision=record.revision))
    notify(_("Restored: {title}.").format(title=plain(record.title)))
    return True


@dialog(marked("Delete this document?"), icon=":material/delete:")
def confirm_deletion(record: DocumentRecord) -> None:
    """Name the document, and say until when it can be restored."""
    with document_dialog_boundary():
        versions = (
            _("all {latest} versions of it").format(latest=record.latest)
            if record.latest > 1
            else _("its file")
        )
        st.markdown(
            _(
                "**{title}** and {versions} will be removed from lists and search, "
                "and links to it stop working. You can restore it until **{until}**; "
                "after that it is permanently deleted."
            ).format(
                title=plain(record.title),
                versions=versions,
                until=at(restorable_until(record)),
            )
        )
        if confirmed(_("Delete document"), key="document_delete_confirm"):
            delete(record)
            st.rerun()


def delete(record: DocumentRecord) -> None:
    """Delete the document and say so, even if a colleague was faster."""
    actor, said = (
        current_actor(),
        _("{title} is deleted. It can be restored until {until}."),
    )
    try:
        deleted = write(
            lambda s: records.delete(s, actor, record.id, revision=record.revision)
        )
    except NoSuchDocument:
        # A document that is not in the trash either stays unknown. It is read where it
        # was deleted, on the primary, so that the page shows nothing older from now on.
        deleted = write(lambda s: records.get(s, actor, record.id, even_deleted=True))
        said = _("{title} was already deleted. It can be restored until {until}.")
    until = at(restorable_until(deleted))
    notify(
        said.format(title=plain(record.title), until=until),
        icon="delete",
    )


@dialog(marked("Edit this document"), icon=":material/edit:")
def _edit(record: DocumentRecord) -> None:
    with document_dialog_boundary():
        actor = current_actor()
        # What was typed about an earlier state must not be saved over a colleague's
        # change.
        key = f"document_edit_{record.id}_{record.revision}"
        title = document_form.title_field(key, record.title)
        dated_on = document_form.date_field(key, record.dated_on)
        description = document_form.description_field(key, record.description)
        document_type, classification = record.document_type, record.classification
        patient_id, tags, named = record.patient_id, list(record.tags), None
        fields: Mapping[str, Any] = record.fields
        handling = document_form.Handling(
            record.urgent, record.confidential, record.withheld
        )
        if actor.role is not Role.PATIENT:
            document_type = document_form.document_type_field(key, document_type)
            kept_as = document_form.classification_field(key, classification)
            classification = kept_as or classification
            fields = own_fields(key, document_type, record.fields)
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
            fields=fields,
        )
        if confirmed(_("Save changes"), key="document_edit_save"):
            write(partial(_save, record, changes, named))
            if handling.confidential and _loses_sight(record):
                notify(
                    _(
                        "{title} is now confidential: the clinicians who treat the "
                        "patient can open it, the front desk cannot."
                    ).format(title=plain(title)),
                    icon="lock",
                )
                go("documents/documents.py")
            notify(_("The changes are saved."))
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
    """Return whether this person cannot open the document once it is confidential."""
    actor = current_actor()
    return (
        actor.role is Role.STAFF
        and not record.confidential
        and record.created_by != actor.id
    )


@dialog(marked("Put this document on legal hold?"), icon=":material/gavel:")
def _hold(record: DocumentRecord) -> None:
    with document_dialog_boundary(), st.form("document_hold_form", border=False):
        st.markdown(
            _(
                "**{title}** will be kept until the hold is released: nobody can "
                "delete it, and it is kept even after its retention period ends."
            ).format(title=plain(record.title))
        )
        reason = bounded_area(
            _("Reason"),
            key="document_hold_reason",
            longest=LONGEST,
            help=_("For example a case number. It is kept with the document."),
        )
        if confirmed(_("Hold document"), key="document_hold_confirm", is_in_form=True):
            actor = current_actor()
            write(lambda s: records.hold(s, actor, record.id, reason=reason))
            notify(
                _("{title} is on legal hold.").format(title=plain(record.title)),
                icon="gavel",
            )
            st.rerun()


@dialog(marked("Release the legal hold?"), icon=":material/gavel:")
def _release(record: DocumentRecord) -> None:
    with document_dialog_boundary():
        st.markdown(
            _(
                "**{title}** was put on hold because: {held_because}. Without the "
                "hold it can be deleted, and is purged when its retention period ends."
            ).format(
                title=plain(record.title), held_because=plain(record.held_because or "")
            )
        )
        if confirmed(_("Release hold"), key="document_release_confirm", is_final=True):
            actor = current_actor()
            write(lambda s: records.release(s, actor, record.id))
            notify(
                _("{title} is no longer on hold.").format(title=plain(record.title)),
                icon="gavel",
            )
            st.rerun()
