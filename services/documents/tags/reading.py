"""The tags that exist, and those of a document."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import any_, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session
from sqlalchemy.types import Text

from db.models.document import Document, DocumentTag as TagRow
from db.postgres import assume_role
from services.core.actors import Actor, Permission, Role
from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.lists.criteria.shape import TermLookup
from services.lists.folding import fold

MOST_OF_DOCUMENT: Final = 20
# The names of a document's tags that the actor may see: the database's own policies
# show patients few tags. A tag that was deleted meanwhile has no name any more.
SHOWN_TAGS: Final = func.array(
    select(TagRow.name)
    .where(TagRow.name == any_(Document.tags))
    .order_by(TagRow.name)
    .correlate(Document)
    .scalar_subquery(),
    type_=ARRAY(Text),
).label("tags")


class TagColour(StrEnum):
    """The colour of a tag; themes choose readable shades."""

    GRAY = "gray"
    BLUE = "blue"
    GREEN = "green"
    ORANGE = "orange"
    RED = "red"
    VIOLET = "violet"


@dataclass(frozen=True, slots=True)
class DocumentTag:
    """A tag that documents may have; patients see it only if it is shown to them."""

    id: UUID
    name: str
    colour: TagColour
    is_shown_to_patients: bool


def list_tags(session: Session, actor: Actor) -> tuple[DocumentTag, ...]:
    """Return the tags by name; to patients, only those shown to them.

    Raises NotAllowed.
    """
    if not actor.may(Permission.MANAGE_TAGS):
        is_own = actor.role is Role.PATIENT
        actor.require(
            Permission.VIEW_OWN_DOCUMENTS if is_own else Permission.VIEW_DOCUMENTS
        )
    rows = session.execute(
        select(TagRow.id, TagRow.name, TagRow.colour, TagRow.is_shown_to_patients)
        .order_by(func.fold(TagRow.name), TagRow.id)
        .execution_options(populate_existing=True)
    )
    return tuple(DocumentTag(row[0], row[1], TagColour(row[2]), row[3]) for row in rows)


def read_names(session: Session, names: Iterable[str]) -> tuple[str, ...]:
    """Return the tags with these names as they are spelled, each once and sorted.

    They keep their names until the transaction ends. Raises InvalidInput if one does
    not exist, or if there are too many.
    """
    typed = [name.strip() for name in names]
    if not typed:
        return ()
    folded = fold(session, typed)
    rows = session.execute(select(func.fold(TagRow.name), TagRow.name))
    known = {row[0]: row[1] for row in rows}
    kept = _keep(session, [known[name] for name in folded.values() if name in known])
    known = {key: name for key, name in known.items() if name in kept}
    if unknown := [name for name in typed if folded[name] not in known]:
        raise InvalidInput(
            "tags",
            Sentence(
                "There is no tag “{tag}”. Choose one from the list; an administrator "
                "can add others.",
                tag=unknown[0],
            ),
        )
    tags = sorted({known[folded[name]] for name in typed})
    if len(tags) > MOST_OF_DOCUMENT:
        raise InvalidInput(
            "tags",
            Sentence(
                "A document can have at most {most} tags; remove some.",
                most=MOST_OF_DOCUMENT,
            ),
        )
    return tuple(tags)


def _keep(session: Session, names: Collection[str]) -> frozenset[str]:
    """Keep tags from being renamed and deleted; return those that were not meanwhile.

    Until the transaction ends: a document would keep a name that no tag has.
    """
    named = select(TagRow.name).where(TagRow.name.in_(names)).order_by(TagRow.id)
    # A lock takes the right to change tags.
    with assume_role(session, "system"):
        return frozenset(session.scalars(named.with_for_update(read=True)))


def spell_out(
    session: Session, mentions: Mapping[str, TermLookup]
) -> dict[str, list[str]]:
    """Return the tags with names that equal or contain the text of a list's filters."""
    rows = session.execute(select(func.fold(TagRow.name), TagRow.name)).all()
    return {
        parameter: [
            name
            for key, name in rows
            if (key == mention.text if mention.is_whole_words else mention.text in key)
        ]
        for parameter, mention in mentions.items()
    }
