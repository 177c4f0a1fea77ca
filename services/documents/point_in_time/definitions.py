"""Tags and fields of an earlier document, as far as the clinic has them today."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.document import DocumentTag
from services.documents.fields import (
    DocumentField,
    FieldValue,
    find_readable,
    read_fields,
)
from services.documents.records.model import DocumentRecord


@dataclass(frozen=True, slots=True)
class Definitions:
    """A clinic's tags by name, and its fields of documents by key."""

    tags: Mapping[str, UUID]
    fields: Mapping[str, DocumentField]


NOTHING_DEFINED: Final = Definitions({}, {})


@dataclass(frozen=True, slots=True)
class OwnFacts:
    """The tags and fields that a document is to get back.

    `lost` names earlier ones that no longer exist, or not for such a document.
    """

    tags: tuple[str, ...] = ()
    fields: Mapping[str, FieldValue] | None = None
    lost: tuple[str, ...] = ()

    def are_of(self, document: DocumentRecord) -> bool:
        """Return whether a document has exactly these."""
        has_tags = set(self.tags) == set(document.tags)
        return has_tags and (self.fields or {}) == document.fields


def read_definitions(session: Session) -> Definitions:
    """Return the tags and fields of the clinic that the session reads from."""
    tags = session.execute(select(DocumentTag.name, DocumentTag.id))
    return Definitions(
        {tag.name: tag.id for tag in tags},
        {field.key: field for field in read_fields(session)},
    )


def own_facts(
    then: DocumentRecord,
    current: DocumentRecord | None,
    of_then: Definitions,
    of_today: Definitions,
) -> OwnFacts:
    """Return the tags and fields that an earlier document is to get back.

    A tag that was renamed since is the same tag. What the clinic did not have then
    could not have been left out on purpose: it stays as it is today.
    """
    tags, lost_tags = _tags(then, current, of_then, of_today)
    fields, lost_fields = _fields(then, current, of_then, of_today)
    return OwnFacts(tuple(sorted(tags)), fields, (*lost_tags, *lost_fields))


def _tags(
    then: DocumentRecord,
    current: DocumentRecord | None,
    of_then: Definitions,
    of_today: Definitions,
) -> tuple[set[str], list[str]]:
    names = {tag_id: name for name, tag_id in of_today.tags.items()}
    known = of_then.tags.values()
    kept = {tag for tag in _tags_of(current) if of_today.tags.get(tag) not in known}
    lost = []
    for tag in then.tags:
        named = names.get(of_then.tags[tag]) if tag in of_then.tags else tag
        if named is not None and named in of_today.tags:
            kept.add(named)
        else:
            lost.append(tag)
    return kept, lost


def _tags_of(document: DocumentRecord | None) -> tuple[str, ...]:
    return document.tags if document else ()


def _fields(
    then: DocumentRecord,
    current: DocumentRecord | None,
    of_then: Definitions,
    of_today: Definitions,
) -> tuple[dict[str, FieldValue], list[str]]:
    before = current.fields if current else {}
    # Fields that this type of document requires today stay filled in, too.
    kept = {
        key: value
        for key, value in before.items()
        if key not in of_then.fields or _is_needed(of_today.fields.get(key))
    }
    lost = []
    for key, value in then.fields.items():
        field = of_today.fields.get(key)
        readable = find_readable(field, value, document_type=then.document_type)
        if before.get(key) == value:
            kept[key] = value
        elif readable is not None:
            kept[key] = readable
        else:
            lost.append(field.name if field else key)
            if key in before:
                kept[key] = before[key]
    return kept, lost


def _is_needed(field: DocumentField | None) -> bool:
    return field is not None and field.is_required
