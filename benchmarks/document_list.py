"""First pages of lists of a hundred thousand documents, against handwritten SQL.

Run as `python -m benchmarks.document_list`. The service call and the raw driver have a
connection each to the same replica, are both inside an open transaction, and both
return the same 20 records.
"""

from dataclasses import dataclass
from urllib.parse import parse_qsl
from uuid import uuid4

from psycopg2.extensions import connection as DriverConnection  # noqa: N812 - a class
from sqlalchemy.orm import Session

from benchmarks import document_set
from benchmarks.document_set import NOW
from benchmarks.measure import compare
from services.core.actors import Actor, Role
from services.documents.search import ListedDocument, list_documents
from services.documents.search.fields import FIELDS
from services.documents.search.records import document_of
from services.lists import criteria
from services.lists.criteria import Criteria

CLERK = Actor(uuid4(), "benchmark", Role.STAFF)
SIZE = 20

_COLUMNS = (
    "d.id, d.patient_id, concat_ws(' ', p.first_name, p.last_name), "
    "concat_ws(', ', p.last_name, p.first_name), d.title, "
    "d.document_type, d.classification, d.description, d.metadata, d.latest, "
    "d.revision, d.created_by, d.created_by_name, d.created_at, d.updated_at, "
    "d.deleted_at, d.held_at, d.held_because, d.dated_on, "
    "ARRAY(SELECT t.name FROM document_tags t WHERE t.name = ANY (d.tags) "
    "ORDER BY t.name), d.urgent, d.confidential, d.withheld, "
    "coalesce((SELECT jsonb_object_agg(f.field, coalesce(to_jsonb(f.text_value), "
    "to_jsonb(trim_scale(f.number_value)), to_jsonb(f.date_value), "
    "to_jsonb(f.flag_value))) FROM document_field_values f "
    "WHERE f.document_id = d.id), '{}'), v.id, v.document_id, v.number, "
    "v.file_id, v.filename, v.filesize, v.sha256, v.pages, v.findings, v.origin, "
    "v.template, v.form, v.scan, v.reading, v.author_id, v.author_name, v.created_at, "
    "v.damaged_at, v.stated_by_patient"
)
_FROM = (
    "documents d JOIN document_versions v ON v.document_id = d.id "
    "AND v.number = d.latest LEFT JOIN patients p ON p.id = d.patient_id"
)


@dataclass(frozen=True, slots=True)
class Case:
    """A list as a URL asks for it, and the best SQL we know for its first page."""

    name: str
    query: str
    where: str
    order: str

    @property
    def criteria(self) -> Criteria:
        """The criteria of the URL."""
        return criteria.from_query(parse_qsl(self.query), FIELDS).criteria

    @property
    def sql(self) -> str:
        """The handwritten statement; one row more shows whether the list goes on."""
        return (
            f"SELECT {_COLUMNS} FROM {_FROM} WHERE d.deleted_at IS NULL "
            f"AND {self.where} ORDER BY {self.order} LIMIT {SIZE + 1}"
        )


CASES = (
    Case("the newest", "", "true", "d.created_at DESC, d.id DESC"),
    Case(
        "laboratory reports of a year",
        "0_field=document_type&0_operator=EQUAL&0_value=lab_report"
        "&1_field=created_at&1_operator=LESS_THAN&1_value=2025-01-01",
        "d.document_type = 'lab_report' AND d.created_at < '2025-01-01 00:00+00'",
        "d.created_at DESC, d.id DESC",
    ),
    Case(
        "of patients with one name",
        "0_field=last_name&0_operator=EQUAL&0_value=Smith",
        "p.last_name_key = 'smith'",
        "d.created_at DESC, d.id DESC",
    ),
    Case(
        "long ones by their title",
        "0_field=pages&0_operator=GREATER_THAN&0_value=3&orderBy=title",
        "v.pages > 3",
        "d.title_key, d.id",
    ),
)


def main() -> list[float]:
    """Print a line for each list and return the ratios; above 1.3 is a defect."""
    with document_set.kept() as kept, kept.side_by_side() as (session, raw):
        return [_compare(case, session, raw) for case in CASES]


def _compare(case: Case, session: Session, raw: DriverConnection) -> float:
    criteria = case.criteria

    def ours() -> tuple[ListedDocument, ...]:
        return list_documents(session, CLERK, criteria, size=SIZE, now=NOW).rows

    def by_hand() -> tuple[ListedDocument, ...]:
        with raw.cursor() as cursor:
            cursor.execute(case.sql)
            return tuple(map(document_of, cursor.fetchall()[:SIZE]))

    return compare(
        f"documents: {case.name}", ours, by_hand, rounds=100, must_agree=True
    )


if __name__ == "__main__":
    main()
