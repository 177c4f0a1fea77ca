"""How an administrator adds, renames and deletes tags, and shows them to patients."""

from typing import Final
from uuid import UUID

from sqlalchemy import any_, func, literal, select, update
from sqlalchemy.orm import Session

from db.models.document import Document, DocumentTag as TagRow
from db.postgres import assume_role
from db.postgres.violations import translate_violations
from services.core import audit
from services.core.actors import Actor, Permission
from services.core.audit import Action
from services.core.errors import Conflict, InvalidInput, NotFound
from services.core.sentences import Sentence
from services.core.typed_text import read_line
from services.documents.tags.reading import DocumentTag, TagColour

SUBJECT: Final = "tag"
LONGEST_NAME: Final = 40
MOST_TAGS: Final = 200
# Held until the transaction ends: whoever adds a tag counts those added meanwhile.
_LOCK: Final = func.pg_advisory_xact_lock(func.hashtext("chartroom.document_tags"))


class TagExists(Conflict):
    """Another tag has this name, apart from capitals and accents."""

    property_name = "name"

    def __init__(self) -> None:
        super().__init__("There is already a tag with this name. Choose another name.")


class NoSuchTag(NotFound):
    """The tag was deleted, or never existed."""

    def __init__(self) -> None:
        super().__init__("This tag no longer exists. Reload the page.")


class TagChanged(Conflict):
    """Another administrator changed the tag first."""

    def __init__(self) -> None:
        super().__init__(
            "Somebody else changed this tag in the meantime. Close this, then open "
            "*Change* again; nothing was changed."
        )


def add_tag(
    session: Session,
    actor: Actor,
    name: str,
    colour: TagColour = TagColour.GRAY,
    *,
    is_shown_to_patients: bool = False,
) -> DocumentTag:
    """Add a tag that documents may have; the caller commits.

    Raises InvalidInput, TagExists, NotAllowed.
    """
    actor.require(Permission.MANAGE_TAGS)
    session.execute(select(_LOCK))
    if (session.scalar(select(func.count(TagRow.id))) or 0) >= MOST_TAGS:
        raise InvalidInput(
            "name",
            Sentence(
                "A clinic can have at most {most} tags; delete one first.",
                most=MOST_TAGS,
            ),
        )
    row = TagRow(
        name=_name_of(name),
        colour=colour.value,
        is_shown_to_patients=is_shown_to_patients,
    )
    with translate_violations(session, {"document_tags_name_once": TagExists}):
        session.add(row)
        session.flush()
    made = DocumentTag(row.id, row.name, colour, is_shown_to_patients)
    audit.record(
        session,
        actor,
        Action.TAG_ADD,
        subject=(SUBJECT, made.id),
        details={"name": made.name, "shown_to_patients": is_shown_to_patients},
    )
    return made


def change_tag(
    session: Session,
    actor: Actor,
    tag_id: UUID,
    *,
    name: str,
    colour: TagColour,
    is_shown_to_patients: bool,
    seen: DocumentTag | None = None,
) -> DocumentTag:
    """Change a tag's name, colour and visibility to patients; the caller commits.

    A new name applies to all documents. `seen` is the tag that the actor has seen, if
    it must not have changed since. Raises InvalidInput, TagExists, TagChanged,
    NoSuchTag, NotAllowed.
    """
    actor.require(Permission.MANAGE_TAGS)
    before = _find(session, tag_id)
    if seen not in (None, before):
        raise TagChanged
    after = DocumentTag(tag_id, _name_of(name), colour, is_shown_to_patients)
    changes = audit.differences(before, after)
    if not changes:
        return after
    with translate_violations(session, {"document_tags_name_once": TagExists}):
        session.execute(
            update(TagRow)
            .where(TagRow.id == tag_id)
            .values(
                name=after.name,
                colour=colour.value,
                is_shown_to_patients=is_shown_to_patients,
            )
        )
    if after.name != before.name:
        renamed = func.array_replace(Document.tags, before.name, after.name)
        _write_on_documents(session, before.name, renamed)
    audit.record(
        session,
        actor,
        Action.TAG_CHANGE,
        subject=(SUBJECT, tag_id),
        details={"changed": changes},
    )
    return after


def count_tagged(session: Session, actor: Actor, tag_id: UUID) -> int:
    """Return how many documents have a tag, deleted ones included.

    Raises NoSuchTag, NotAllowed.
    """
    actor.require(Permission.MANAGE_TAGS)
    name = _find(session, tag_id, locks=False).name
    # An administrator sees no documents with their tags, only how many have one.
    with assume_role(session, "system"):
        carry = literal(name) == any_(Document.tags)
        return session.scalar(select(func.count(Document.id)).where(carry)) or 0


def delete_tag(session: Session, actor: Actor, tag_id: UUID) -> int:
    """Delete a tag; return how many documents had it. The caller commits.

    Raises NoSuchTag, NotAllowed.
    """
    actor.require(Permission.MANAGE_TAGS)
    tag = _find(session, tag_id)
    session.delete(session.get_one(TagRow, tag_id))
    session.flush()
    removed = func.array_remove(Document.tags, tag.name)
    count = _write_on_documents(session, tag.name, removed)
    audit.record(
        session,
        actor,
        Action.TAG_DELETE,
        subject=(SUBJECT, tag_id),
        details={"name": tag.name, "documents": count},
    )
    return count


def _find(session: Session, tag_id: UUID, *, locks: bool = True) -> DocumentTag:
    row = session.get(
        TagRow, tag_id, with_for_update=locks or None, populate_existing=True
    )
    if row is None:
        raise NoSuchTag
    return DocumentTag(
        row.id, row.name, TagColour(row.colour), row.is_shown_to_patients
    )


def _write_on_documents(session: Session, name: str, tags: object) -> int:
    with assume_role(session, "system"):
        # This operator uses the index; `= ANY` does not.
        carrying = Document.tags.contains([name])
        changed = session.execute(
            update(Document)
            .where(carrying)
            .values(tags=tags)
            .returning(Document.id)
            .execution_options(synchronize_session=False)
        )
        return len(changed.all())


def _name_of(typed: str) -> str:
    name = read_line("name", typed, LONGEST_NAME)
    if not name:
        raise InvalidInput("name", "A tag needs a name. Enter one.")
    return name
