"""What documents are found by: words, kept by triggers, and the clinic's own fields."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from db.models.base import Base, CreatedAt, PrimaryKey, TextList

_KEY = Text(collation="C")


class DocumentSearch(Base):
    """The words of one document that is not deleted, with their positions.

    `head` has the words of the title (weight A), the description and the patient's name
    (B); it is small, so that many rows can be ranked. `words` has all of these and the
    words of the latest version's text, unless that version is in quarantine. `pairs`
    are numbers of adjacent words, by which phrases are found.

    The row says who the document belongs to, for the same rules as the document's.
    `patient_id` is no foreign key: a merge changes the document, and that changes this
    row.
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
    created_at: Mapped[datetime]
    head: Mapped[str] = mapped_column(TSVECTOR)
    words: Mapped[str] = mapped_column(TSVECTOR)
    pairs: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class DocumentWord(Base):
    """A word that occurs in some document, for finding what a misspelt word meant.

    Not even people who may search may read these: a name gives something away by being
    here.
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


class DocumentField(Base):
    """A field that documents may have, as an administrator defined it.

    Its `key` names it in criteria, programs and rows, and stays when the field is
    renamed.
    """

    __tablename__ = "document_fields"
    __table_args__ = (
        UniqueConstraint("key", name="document_fields_key_once"),
        CheckConstraint(
            "key ~ '^[a-z][a-z0-9_]{0,59}$'", name="document_fields_key_form"
        ),
        CheckConstraint(
            "char_length(name) BETWEEN 1 AND 40", name="document_fields_name_length"
        ),
        CheckConstraint(
            "kind IN ('text', 'number', 'date', 'flag', 'choice')",
            name="document_fields_kind_known",
        ),
        CheckConstraint(
            "unit = '' OR (kind = 'number' AND char_length(unit) <= 20)",
            name="document_fields_unit_of_numbers",
        ),
        CheckConstraint(
            "(kind = 'choice') = (cardinality(choices) > 0) "
            "AND cardinality(choices) <= 100",
            name="document_fields_choices_of_choice",
        ),
        Index("document_fields_name_once", text("fold(name)"), unique=True),
    )

    id: Mapped[PrimaryKey]
    key: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    unit: Mapped[str] = mapped_column(server_default=text("''"))
    choices: Mapped[TextList]
    # For all types if none is named.
    document_types: Mapped[TextList]
    is_required: Mapped[bool] = mapped_column(server_default=text("false"))
    archived_at: Mapped[datetime | None]
    created_at: Mapped[CreatedAt]


class DocumentFieldValue(Base):
    """One document's value of one field; an empty field has no row."""

    __tablename__ = "document_field_values"
    __table_args__ = (
        CheckConstraint(
            "num_nonnulls(text_value, number_value, date_value, flag_value) = 1",
            name="document_field_values_one",
        ),
        CheckConstraint(
            "char_length(text_value) BETWEEN 1 AND 200",
            name="document_field_values_text_length",
        ),
        *(
            Index(
                f"document_field_values_by_{name}",
                "field",
                column,
                "document_id",
                postgresql_where=text(f"{column} IS NOT NULL"),
            )
            for name, column in (
                ("text", "text_key"),
                ("number", "number_value"),
                ("date", "date_value"),
                ("flag", "flag_value"),
            )
        ),
    )

    document_id: Mapped[UUID] = mapped_column(
        ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True
    )
    field: Mapped[str] = mapped_column(
        ForeignKey("document_fields.key"), primary_key=True
    )
    text_value: Mapped[str | None]
    text_key: Mapped[str | None] = mapped_column(
        _KEY, Computed("fold(text_value)", persisted=True)
    )
    number_value: Mapped[Decimal | None] = mapped_column(Numeric(15, 6))
    date_value: Mapped[date | None]
    flag_value: Mapped[bool | None]
