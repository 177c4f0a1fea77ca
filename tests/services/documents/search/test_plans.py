"""PostgreSQL's reads and plans at the front desk for lists of many documents."""

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.postgres import Database
from services.core.actor_database import ActorDatabase
from services.documents import search
from services.documents.search import spelling
from services.documents.search.queries import BY_BITMAP
from services.lists import pages
from services.lists.criteria import Criteria, Filter, Group, Operator
from tests.kit import cast

MANY = 3_000
_COMMON = Criteria(search="patient")
_OTHERS = Criteria(Group(members=(Filter("document_type", Operator.EQUAL, "other"),)))
_FILED = """
INSERT INTO documents (id, title, created_by, created_by_name)
SELECT lpad(number::text, 32, '0')::uuid, 'About a patient', :clerk, 'Cleo'
FROM generate_series(1, :many) AS number;
INSERT INTO document_versions (id, document_id, number, file_id, filename, filesize,
    sha256, pages, origin, author_id, author_name)
SELECT id, id, 1, id::text, 'letter.pdf', 1, decode(repeat('00', 32), 'hex'), 1,
    'upload', created_by, created_by_name
FROM documents;
"""
# Long enough to be stored out of line, as those of most documents are. With fewer than
# a hundred common words the planner does not trust its statistics of them.
_WORDED = """
UPDATE document_search SET words = words || array_to_tsvector(
    ARRAY(SELECT 'common' || word FROM generate_series(1, 150) AS word)
    || ARRAY(SELECT md5(document_id::text || word) FROM generate_series(1, 150) AS word)
)
"""
_BEGUN = """
SELECT pg_stat_get_xact_numscans('document_search_by_word'::regclass),
    pg_stat_get_xact_numscans('document_search_pkey'::regclass)
"""
_READ = """
SELECT pg_stat_get_xact_numscans('document_search'::regclass),
    pg_stat_get_xact_numscans('document_search_pkey'::regclass)
"""
_PATIENT = """
INSERT INTO patients (first_name, last_name, date_of_birth)
VALUES ('Ada', 'Lovelace', '1985-12-10') RETURNING id
"""
_BACK = """
UPDATE documents SET deleted_at = NULL, deleted_by = NULL, confidential = false
WHERE id = :id
"""
_PLANNED = """
SELECT generic_plans, custom_plans FROM pg_prepared_statements
WHERE name LIKE 'prepared%' AND strpos(statement, :table) > 0
"""


@pytest.fixture(scope="module")
def desk(module_endpoints: Endpoints, module_engine: Engine) -> Iterator[ActorDatabase]:
    """The front desk of a clinic with many documents, all about one patient."""
    with module_engine.begin() as connection:
        connection.execute(text(_FILED), {"clerk": uuid4(), "many": MANY})
        connection.execute(text(_WORDED))
    with module_engine.begin() as connection:
        connection.execute(text("ANALYZE documents, document_search"))
    with closing(Database(module_endpoints)) as database:
        yield ActorDatabase(database, cast.act_as(cast.CLEO))


def scans(desk: ActorDatabase, ask: Callable[[Session], object]) -> tuple[object, ...]:
    """Return the answer; scans begun of the words' index, and of the primary key."""

    def count_scans(session: Session) -> tuple[object, ...]:
        words, keys = session.execute(text(_BEGUN)).one()
        answer = ask(session)
        words_then, keys_then = session.execute(text(_BEGUN)).one()
        return answer, words_then - words, keys_then - keys

    return desk.write(count_scans).value


def test_a_page_of_a_common_word_is_found_by_the_index_of_words(desk):
    def ask(session: Session) -> int:
        listed = search.list_documents(session, desk.actor, _COMMON, size=20)
        return len(listed.rows)

    assert scans(desk, ask) == (20, 1, 0)


def test_a_common_word_is_counted_by_the_index_of_words(desk):
    def ask(session: Session) -> int:
        return search.count_documents(session, desk.actor, _COMMON).value

    assert scans(desk, ask) == (MANY, 1, 0)


def test_whether_words_stand_anywhere_is_asked_of_the_index_of_words_alone(desk):
    def ask(session: Session) -> object:
        # Counting restores the planner's settings.
        misspelt = Criteria(search="patient nowhere ")
        assert search.count_documents(session, desk.actor, misspelt).value == 0
        return session.execute(text(_READ)).one()

    assert desk.write(ask).value == (0, 0)


def test_that_a_common_word_stands_somewhere_is_seen_in_one_document(desk):
    def ask(session: Session) -> Any:
        connection = session.connection()
        connection.exec_driver_sql(BY_BITMAP)
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {spelling._STANDING}"
        plans = connection.exec_driver_sql(explain, {"queries": ["'patient'"]})
        return plans.scalar_one()[0]["Plan"]

    assert list(_read_from("document_search", desk.write(ask).value)) == [1]


def _read_from(table: str, plan: dict[str, Any]) -> Iterator[int]:
    """Yield how many rows of the table each node of a plan has read."""
    if plan.get("Relation Name") == table:
        yield round(plan["Actual Rows"] * plan["Actual Loops"])
    for part in plan.get("Plans", ()):
        yield from _read_from(table, part)


@pytest.mark.parametrize(
    ("criteria", "table"),
    [
        (Criteria(), "ORDER BY documents.created_at"),
        (_OTHERS, "documents.id = any"),
        (_COMMON, "documents.id = any"),
        (_COMMON, "document_texts"),
    ],
    ids=["the newest", "rows of a filter", "rows of a search", "passages"],
)
def test_what_has_one_plan_is_planned_once_for_a_connection(desk, criteria, table):
    def ask(session: Session) -> list[tuple[int, int]]:
        session.execute(text("DEALLOCATE ALL"))
        session.connection().info.pop("chartroom.prepared", None)
        for _ in range(8):
            search.list_documents(session, desk.actor, criteria, size=20)
        rows = session.execute(text(_PLANNED), {"table": table})
        return [(row.generic_plans, row.custom_plans) for row in rows]

    # With parameters it is planned five times, then a generic plan is used.
    ((generic, custom),) = desk.write(ask).value
    assert custom <= 5
    assert generic >= 3


_GONE = {
    "deleted": (
        "UPDATE documents SET deleted_at = now(), deleted_by = :clerk WHERE id = :id"
    ),
    "sealed": (
        "UPDATE documents SET confidential = true, patient_id = :patient WHERE id = :id"
    ),
}


@pytest.mark.parametrize("statement", _GONE.values(), ids=_GONE)
@pytest.mark.parametrize("criteria", [_OTHERS, _COMMON], ids=["filtered", "searched"])
def test_what_has_gone_since_it_was_found_is_left_out_and_the_list_goes_on(
    desk, module_engine, monkeypatch, criteria, statement
):
    read = pages._records
    with module_engine.begin() as owner:
        there = {"clerk": uuid4(), "patient": owner.scalar(text(_PATIENT))}

    def gone_before(session: Session, query: Any, rows: Any) -> Any:
        with module_engine.begin() as owner:
            owner.execute(text(statement), {**there, "id": rows[1][0]})
        return read(session, query, rows)

    def ask(session: Session) -> search.DocumentPage:
        return search.list_documents(session, desk.actor, criteria, size=3)

    before = desk.write(ask).value
    monkeypatch.setattr(pages, "_records", gone_before)
    page = desk.write(ask).value

    first, gone, last = (row.id for row in before.rows)
    assert [row.id for row in page.rows] == [first, last]
    assert page.next == last
    with module_engine.begin() as owner:
        owner.execute(text(_BACK), {"id": gone})


def test_a_filtered_list_is_planned_for_what_is_given(desk):
    rare = Filter("document_type", Operator.EQUAL, "lab_report")

    def ask(session: Session) -> int:
        criteria = Criteria(Group(members=(rare,)))
        search.list_documents(session, desk.actor, criteria, size=20)
        return len(session.execute(text(_PLANNED), {"table": "document_type ="}).all())

    assert desk.write(ask).value == 0
