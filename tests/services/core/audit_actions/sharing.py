"""Actions on links to documents, tags, fields, the inbox, and files in parts."""

from sqlalchemy import text, update

from db.models.incoming import Upload
from services.core.audit import Action
from services.documents import fields, inbox, records, tags, uploads
from services.documents.fields import DocumentField, FieldDefinition, FieldKind
from services.documents.records.drafts import DraftDocument
from services.documents.records.model import DocumentRecord
from services.documents.sharing import shares
from services.documents.sharing.shares import NewShare
from services.documents.uploads import StoredPart
from tests.services.core.audit_actions.world import ActionCall, World, prepares
from tests.services.documents.records.samples import content


def _filed(world: World) -> DocumentRecord:
    draft = DraftDocument(patient_id=world.patient.id)
    return records.file(world.session, world.clerk, draft, content())


def _shared(world: World) -> NewShare:
    filed = _filed(world)
    return shares.create(world.session, world.clerk, filed.id, None, minutes=60)


@prepares(Action.SHARE_CREATE)
def share(world: World) -> ActionCall:
    filed = _filed(world)
    given = (world.session, world.clerk, filed.id, None)
    return lambda: shares.create(*given, minutes=60)


@prepares(Action.SHARE_REVOKE)
def revoke(world: World) -> ActionCall:
    made = _shared(world)
    return lambda: shares.revoke(world.session, world.clerk, made.share.id)


@prepares(Action.SHARE_OPEN)
def open_link(world: World) -> ActionCall:
    made = _shared(world)
    return lambda: shares.open_link(world.session, made.secret)


@prepares(Action.TAG_ADD)
def tag_add(w: World) -> ActionCall:
    boss = w.boss.actor
    return lambda: tags.add_tag(w.session, boss, "Urgent")


@prepares(Action.TAG_CHANGE)
def tag_change(w: World) -> ActionCall:
    boss = w.boss.actor
    made = tags.add_tag(w.session, boss, "Urgent")
    wanted = {"name": "Later", "colour": made.colour, "is_shown_to_patients": True}
    return lambda: tags.change_tag(w.session, boss, made.id, **wanted)


@prepares(Action.TAG_DELETE)
def tag_delete(w: World) -> ActionCall:
    boss = w.boss.actor
    made = tags.add_tag(w.session, boss, "Urgent")
    return lambda: tags.delete_tag(w.session, boss, made.id)


def _field(w: World) -> DocumentField:
    said = FieldDefinition("Laboratory number")
    return fields.add_field(w.session, w.boss.actor, FieldKind.TEXT, said)


@prepares(Action.FIELD_ADD)
def field_add(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, FieldKind.TEXT, FieldDefinition("Lab"))
    return lambda: fields.add_field(*given)


@prepares(Action.FIELD_CHANGE)
def field_change(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, _field(w).id, FieldDefinition("Lab"))
    return lambda: fields.change_field(*given)


@prepares(Action.FIELD_ARCHIVE)
def field_archive(w: World) -> ActionCall:
    given = (w.session, w.boss.actor, _field(w).id)
    return lambda: fields.archive_field(*given)


@prepares(Action.FIELD_RESTORE)
def field_restore(w: World) -> ActionCall:
    made = _field(w)
    fields.archive_field(w.session, w.boss.actor, made.id)
    return lambda: fields.restore_field(w.session, w.boss.actor, made.id)


@prepares(Action.UPLOAD_BEGIN)
def upload_begin(w: World) -> ActionCall:
    clerk = w.clerk
    return lambda: uploads.begin(w.session, clerk, length=4)


@prepares(Action.UPLOAD_RECEIVE)
def upload_receive(w: World) -> ActionCall:
    begun = uploads.begin(w.session, w.clerk, length=4)
    whole = (StoredPart(0, 4, "a part"),)
    return lambda: uploads.add_parts(w.session, w.clerk, begun.id, whole)


@prepares(Action.UPLOAD_CANCEL)
def upload_cancel(w: World) -> ActionCall:
    begun = uploads.begin(w.session, w.clerk, length=4)
    return lambda: uploads.cancel(w.session, w.clerk, begun.id)


@prepares(Action.UPLOAD_EXPIRE)
def upload_expire(w: World) -> ActionCall:
    uploads.begin(w.session, w.clerk, length=4)
    w.session.execute(update(Upload).values(expires_at=text("now()")))
    return lambda: uploads.expire(w.session)


@prepares(Action.DOCUMENT_ASSIGN)
def assign(w: World) -> ActionCall:
    filed = _filed(w)
    return lambda: inbox.assign(w.session, w.clerk, filed.id, None)


@prepares(Action.DOCUMENT_FINISH)
def finish(w: World) -> ActionCall:
    filed = _filed(w)
    return lambda: inbox.finish(w.session, w.clerk, filed.id)


@prepares(Action.DOCUMENT_REOPEN)
def reopen(w: World) -> ActionCall:
    filed = _filed(w)
    return lambda: inbox.reopen(w.session, w.clerk, filed.id)
