"""What documents are searched by; triggers keep it, nobody else writes it."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, Timestamp


class DocumentSearch(Base):
    """The words of one document that is not deleted, with where each of them stands.

    `head` has those of the title (weight A), of the description and of the patient's
    name (B); it is small, so that many rows can be ranked. `words` has all of them and
    those of the latest version's text, unless that version is in quarantine. `pairs`
    are numbers of words that stand side by side, by which phrases are found.

    Whose it is stands here too, for the same rules as the document's. `patient_id` is
    no foreign key: a merge changes the document, and that changes this.
    """

    __tablename__ = "document_search"
    __table_args__ = (
        Index(
            "document_search_by_word",
            "words",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
        Index(
            "document_search_by_pair",
            "pairs",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
        Index("document_search_of_patient", "patient_id"),
        Index(
            "document_search_unfiled",
            "created_by",
            postgresql_where=text("patient_id IS NULL"),
        ),
    )

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    patient_id: Mapped[UUID | None]
    created_by: Mapped[UUID]
    created_at: Mapped[Timestamp]
    head: Mapped[str] = mapped_column(TSVECTOR)
    words: Mapped[str] = mapped_column(TSVECTOR)
    pairs: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class DocumentWord(Base):
    """A word that stands in some document, to find what was meant by a misspelt one.

    Not even who may search may read these: a name tells something by being here.
    """

    __tablename__ = "document_words"
    __table_args__ = (
        Index(
            "document_words_by_trigram",
            "word",
            postgresql_using="gin",
            postgresql_ops={"word": "gin_trgm_ops"},
        ),
    )

    word: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
