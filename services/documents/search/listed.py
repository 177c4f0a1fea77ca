"""All columns by which lists of documents are filtered and sorted, as one table."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    REAL,
    ColumnElement,
    FromClause,
    Integer,
    Label,
    Subquery,
    Table,
    Text,
    bindparam,
    cast,
    exists,
    func,
    literal_column,
    select,
)
from sqlalchemy.dialects.postgresql import TSQUERY
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.selectable import AliasedReturnsRows
from sqlalchemy.sql.util import find_tables
from sqlalchemy.sql.visitors import replacement_traverse

from db.models.document import Document, DocumentVersion
from db.models.document_search import DocumentFieldValue, DocumentSearch
from db.models.patient import LISTED_NAME, PATIENT_NAME, Patient
from services.documents.fields import PREFIX
from services.documents.records.rows.documents import COLUMNS
from services.lists.criteria import Kind
from services.lists.criteria.sql import RowTarget, Target
from services.lists.folding import by_name

assert isinstance(Document.__table__, Table)  # noqa: S101 - for the type checker
DOCUMENTS: Final[Table] = Document.__table__
_QUARANTINED: Final[ColumnElement[Any]] = literal_column("ARRAY['waiting', 'infected']")
_UNREADABLE: Final[ColumnElement[Any]] = literal_column("ARRAY['waiting', 'none']")


_NAMES: Final[Mapping[str, ColumnElement[str]]] = {
    "patient_name": PATIENT_NAME,
    "listed_name": LISTED_NAME,
}
_RECORD: Final = tuple(
    _NAMES.get(column.key, column).label(f"record_{position}")
    for position, column in enumerate(COLUMNS)
)


# Visibility depends on both the document and its version.
IS_LATEST: Final = (DocumentVersion.document_id == Document.id) & (
    DocumentVersion.number == Document.latest
)
_IS_OF_PATIENT: Final = Patient.id == Document.patient_id


def _listed() -> Subquery:
    """Join what each document has once; the planner drops joins that go unused."""
    version = DocumentVersion
    return (
        select(
            Document.id,
            Document.patient_id,
            Document.title,
            Document.title_key,
            Document.document_type,
            Document.classification,
            Document.description,
            Document.created_by,
            Document.created_by_name,
            Document.created_at,
            Document.updated_at,
            Document.deleted_at,
            Document.purged_at,
            Document.dated_on,
            Document.tags,
            Document.urgent,
            Document.confidential,
            Document.withheld,
            Document.held_at.is_not(None).label("is_held"),
            Document.patient_id.is_(None).label("is_unfiled"),
            by_name(Document.created_by_name).label("author_key"),
            version.filename,
            func.lower(version.filename).collate("C").label("filename_key"),
            version.filesize,
            version.pages,
            version.findings,
            (version.reading == func.any(_UNREADABLE)).label("is_without_text"),
            (version.scan == func.any(_QUARANTINED)).label("is_quarantined"),
            Patient.last_name_key,
            Patient.first_name_key,
            version.id.label("version_id"),
            *_RECORD,
        )
        .select_from(Document)
        .outerjoin(version, IS_LATEST)
        .outerjoin(Patient, _IS_OF_PATIENT)
        .subquery("listed")
    )


LISTED: Final = _listed()
# The columns of a DocumentRecord, in its order.
WHOLE: Final = tuple(LISTED.c[column.key] for column in _RECORD)
# A match in the title weighs more than any number of matches in a description.
_WEIGHTS: Final = cast(literal_column("'{0, 0, 0.1, 1}'"), ARRAY(REAL))
QUERY: Final = cast(bindparam("searched", type_=Text), TSQUERY)
PAIRS: Final = cast(bindparam("pairs", type_=ARRAY(Integer)), ARRAY(Integer))
_RANKING: Final = cast(bindparam("ranking", type_=Text), TSQUERY)
_RANK: Final = func.ts_rank(_WEIGHTS, DocumentSearch.head, _RANKING).label("rank")
_JOIN: Final[Any] = LISTED.element
# A search without filters needs no other table.
SEARCHED: Final = select(
    DocumentSearch.document_id.label("id"),
    DocumentSearch.created_at,
    DocumentSearch.words,
    DocumentSearch.pairs,
    _RANK,
).subquery("searched")
MATCHES: Final = (
    select(*LISTED.c, DocumentSearch.words, DocumentSearch.pairs, _RANK)
    .select_from(LISTED)
    .join(DocumentSearch, DocumentSearch.document_id == LISTED.c.id)
    .subquery("matches")
)
# Matched by table names, since a model's columns belong to a copy of its table.
_JOINS: Final = (
    (DocumentSearch, DocumentSearch.document_id == Document.id, False),
    (DocumentVersion, IS_LATEST, True),
    (Patient, _IS_OF_PATIENT, True),
)
_PLAIN: Final[Mapping[str, ColumnElement[Any]]] = {
    name: Grouping(column.element) if isinstance(column, Label) else column
    for name, column in (
        *_JOIN.selected_columns.items(),
        ("words", DocumentSearch.words.expression),
        ("pairs", DocumentSearch.pairs.expression),
        ("rank", _RANK),
    )
}
_UNWRAPPED: Final[Mapping[int, ColumnElement[Any]]] = {
    id(column): _PLAIN[name]
    for table in (LISTED, MATCHES)
    for name, column in table.c.items()
}


def unwrapped(clause: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return the clause on the tables themselves, for a list on `tables_of` it.

    Planning a long subquery takes PostgreSQL as long as finding a first page.
    """

    def plain_of(element: Any, **_: Any) -> Any:
        # The look-up of the row that a page begins after is a list of its own.
        is_whole = isinstance(element, AliasedReturnsRows)
        return element if is_whole else _UNWRAPPED.get(id(element))

    plain: ColumnElement[Any] = replacement_traverse(clause, {}, plain_of)
    return plain


def tables_of(*clauses: ColumnElement[Any]) -> FromClause:
    """Return documents joined with only those tables that unwrapped clauses use.

    PostgreSQL drops the others as well, but only after it has planned their row
    security.
    """
    names = {
        getattr(table, "name", None)
        for clause in clauses
        for table in find_tables(clause, check_columns=True)
    }
    tables: FromClause = DOCUMENTS
    for model, belongs, is_outer in _JOINS:
        if model.__tablename__ in names:
            tables = tables.join(model.__table__, belongs, isouter=is_outer)
    return tables


_VALUE_COLUMNS: Final[Mapping[Kind, ColumnElement[Any]]] = MappingProxyType(
    {
        Kind.TEXT: DocumentFieldValue.text_key.expression,
        Kind.CHOICE: DocumentFieldValue.text_value.expression,
        Kind.DECIMAL: DocumentFieldValue.number_value.expression,
        Kind.DATE: DocumentFieldValue.date_value.expression,
        Kind.FLAG: DocumentFieldValue.flag_value.expression,
    }
)
# The form of a key, so that it is safe as a literal in a statement.
_KEY: Final = re.compile("[a-z][a-z0-9_]*")


class _Targets(dict[str, Target | RowTarget]):
    """The columns of a document's fields; the clinic's own fields have rows instead."""

    def __missing__(self, name: str) -> RowTarget:
        """Return the target of a field that the clinic has defined."""
        key = name.removeprefix(PREFIX)
        if key == name or not _KEY.fullmatch(key):
            raise KeyError(name)
        is_of_field = DocumentFieldValue.field == literal_column(f"'{key}'", Text)

        def having(condition: ColumnElement[bool]) -> ColumnElement[bool]:
            is_of_document = DocumentFieldValue.document_id == LISTED.c.id
            return exists().where(is_of_document, is_of_field, condition)

        return RowTarget(_VALUE_COLUMNS, having)


TARGETS: Final[Mapping[str, Target | RowTarget]] = _Targets(
    {
        "title": Target(LISTED.c.title_key),
        "filename": Target.folded(LISTED.c.filename),
        "document_type": Target(LISTED.c.document_type),
        "classification": Target(LISTED.c.classification),
        "description": Target.folded(LISTED.c.description),
        "last_name": Target(LISTED.c.last_name_key),
        "first_name": Target(LISTED.c.first_name_key),
        "patient_id": Target(LISTED.c.patient_id),
        "unfiled": Target(LISTED.c.is_unfiled),
        "tags": Target(LISTED.c.tags),
        "dated_on": Target(LISTED.c.dated_on),
        "created_at": Target(LISTED.c.created_at),
        "updated_at": Target(LISTED.c.updated_at),
        "deleted_at": Target(LISTED.c.deleted_at),
        "author": Target.folded(LISTED.c.created_by_name),
        "pages": Target(LISTED.c.pages),
        "filesize": Target(LISTED.c.filesize),
        "findings": Target(LISTED.c.findings),
        "urgent": Target(LISTED.c.urgent),
        "confidential": Target(LISTED.c.confidential),
        "held": Target(LISTED.c.is_held),
        "without_text": Target(LISTED.c.is_without_text),
        "quarantined": Target(LISTED.c.is_quarantined),
        "id": Target(LISTED.c.id),
    }
)
SORTED_BY: Final[Mapping[str, str]] = MappingProxyType(
    {
        "title": "title_key",
        "filename": "filename_key",
        "last_name": "last_name_key",
        "first_name": "first_name_key",
        "author": "author_key",
    }
)
# An unfiled document has no patient, a damaged file no pages, many papers no date.
MAY_BE_EMPTY: Final = frozenset(
    {"last_name_key", "first_name_key", "pages", "dated_on"}
)
