"""Lists of documents: order, pages both ways, filters, counts, and their texts."""

from uuid import uuid4

import pytest
from sqlalchemy import select, update

from db.models.audit import AuditEvent
from db.models.document import Document
from services.core.errors import InvalidInput, NotAllowed
from services.documents import records, search
from services.documents.records.kinds import Classification, DocumentType
from services.documents.search.fields import FIELDS
from services.lists.criteria import Criteria, Direction, Operator, Order
from tests.services.documents.records.samples import mark
from tests.services.documents.search.samples import NOW, filed, register, titles, where


@pytest.fixture
def three(session, clerk):
    """Three documents, the first of which is the oldest."""
    grace = register(session, clerk, "Grace", "Hopper")
    return {
        "old": filed(session, clerk, "Old letter", of=grace, days_old=30),
        "lab": filed(
            session,
            clerk,
            "Lab results",
            "one",
            "two",
            "three",
            days_old=2,
            document_type=DocumentType.LAB_REPORT,
            description="Drawn at Nürnberg",
            holding={"filename": "LAB 7.pdf", "filesize": 3 * 2**20},
        ),
        "bill": filed(
            session,
            clerk,
            "Bill",
            of=grace,
            classification=Classification.ADMINISTRATIVE,
        ),
    }


def test_the_newest_come_first(session, clerk, three):
    assert titles(session, clerk, Criteria()) == ["Bill", "Lab results", "Old letter"]


def test_what_was_deleted_is_only_in_the_trash_the_last_deleted_first(
    session, clerk, three
):
    for name in ("bill", "old"):
        document = three[name]
        records.delete(session, clerk, document.id, revision=document.revision)
        session.execute(
            update(Document)
            .where(Document.title == "Bill")
            .values(deleted_at=NOW.replace(year=2025))
        )

    assert titles(session, clerk, Criteria()) == ["Lab results"]
    assert titles(session, clerk, Criteria(archived=True)) == ["Old letter", "Bill"]


def test_the_trash_is_searched_by_title_and_description(session, clerk, three):
    document = three["lab"]
    records.delete(session, clerk, document.id, revision=document.revision)

    for typed, expected in (("nurnberg", ["Lab results"]), ("letter", [])):
        criteria = Criteria(search=typed, archived=True)
        assert titles(session, clerk, criteria) == expected


def test_what_was_purged_is_in_no_list(session, clerk, three):
    session.execute(
        update(Document).values(deleted_at=NOW, deleted_by=uuid4(), purged_at=NOW)
    )

    assert titles(session, clerk, Criteria()) == []
    assert titles(session, clerk, Criteria(archived=True)) == []


FILTERS = {
    "title": ("title", Operator.CONTAINS, "LETT", ["Old letter"]),
    "filename": ("filename", Operator.STARTS_WITH, "lab", ["Lab results"]),
    "type": ("document_type", Operator.EQUAL, "lab_report", ["Lab results"]),
    "class": ("classification", Operator.EQUAL, "administrative", ["Bill"]),
    "description": ("description", Operator.CONTAINS, "nurn", ["Lab results"]),
    "no description": (
        "description",
        Operator.IS_EMPTY,
        "true",
        ["Bill", "Old letter"],
    ),
    "last name": ("last_name", Operator.EQUAL, "hopper", ["Bill", "Old letter"]),
    "first name": ("first_name", Operator.EQUAL, "Grace", ["Bill", "Old letter"]),
    "unfiled": ("unfiled", Operator.EQUAL, "true", ["Lab results"]),
    "filed since": ("created_at", Operator.GREATER_THAN, "2026-11-19", ["Bill"]),
    "author": (
        "author",
        Operator.CONTAINS,
        "cleo",
        ["Bill", "Lab results", "Old letter"],
    ),
    "pages": ("pages", Operator.GREATER_THAN_OR_EQUAL, "3", ["Lab results"]),
    "size": ("filesize", Operator.GREATER_THAN, "2.5 MB", ["Lab results"]),
    "size below": ("filesize", Operator.LESS_THAN, "1 kB", ["Bill", "Old letter"]),
}


@pytest.mark.parametrize("case", FILTERS.values(), ids=FILTERS)
def test_a_filter_finds(session, clerk, three, case):
    *condition, expected = case

    assert titles(session, clerk, where(*condition)) == expected


def test_every_field_can_be_asked_about_and_sorted_by(session, clerk, three):
    for field in FIELDS.values():
        for operator in field.operators:
            value = field.choices[0] if field.choices else _example(field.kind.value)
            if operator is Operator.IS_EMPTY:
                value = "true"
            elif operator is Operator.BETWEEN:
                value = f"{value},{value}"
            elif operator is Operator.IN_THE_LAST:
                value = "30 days"
            titles(session, clerk, where(field.name, operator, value))
        if field.is_sortable:
            for direction in Direction:
                criteria = Criteria(orders=(Order(field.name, direction),))
                assert len(titles(session, clerk, criteria)) == 3


def _example(kind):
    return {
        "moment": "2026-01-31",
        "date": "2026-01-31",
        "flag": "true",
        "number": "2",
        "size": "1 MB",
        "id": str(uuid4()),
    }.get(kind, "x")


def test_findings_holds_quarantine_and_missing_text_can_be_asked_for(
    session, clerk, three
):
    mark(session, three["old"], findings=["scripts", "launch"], scan="infected")
    mark(session, three["bill"], reading="none")
    records.hold(session, clerk, three["lab"].id, reason="A lawsuit of the insurer")

    for field, operator, value, expected in (
        ("findings", Operator.HAS, "scripts", ["Old letter"]),
        ("findings", Operator.IS_EMPTY, "true", ["Bill", "Lab results"]),
        ("quarantined", Operator.EQUAL, "true", ["Old letter"]),
        ("without_text", Operator.EQUAL, "true", ["Bill", "Old letter"]),
        ("held", Operator.EQUAL, "true", ["Lab results"]),
        ("held", Operator.EQUAL, "false", ["Bill", "Old letter"]),
    ):
        assert titles(session, clerk, where(field, operator, value)) == expected


ORDERS = {
    "newest": (),
    "title": (Order("title"),),
    "patient": (Order("last_name", Direction.DESC), Order("title")),
    "size": (Order("filesize", Direction.DESC),),
}


@pytest.mark.parametrize("orders", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("searched", ["", "paper"], ids=["all", "searched"])
def test_pages_lead_through_the_whole_list_both_ways(session, clerk, orders, searched):
    grace = register(session, clerk, "Grace", "Hopper")
    for number in range(11):
        of = grace if number % 3 else None
        filed(session, clerk, f"Paper {number % 4}", of=of, days_old=number % 5)
    criteria = Criteria(orders=orders, search=searched)
    whole = _ids(search.list_documents(session, clerk, criteria, now=NOW))

    forth, back, numbered = [], [], []
    after = before = None
    while len(forth) < 11:
        page = search.list_documents(
            session, clerk, criteria, size=4, after=after, now=NOW
        )
        forth += _ids(page)
        after = page.next
    while len(back) < 11:
        page = search.list_documents(
            session, clerk, criteria, size=4, before=before, last=not before, now=NOW
        )
        back = _ids(page) + back
        before = page.previous
    for number in (1, 2, 3):
        numbered += search.list_numbered(
            session, clerk, criteria, page=number, per_page=4, now=NOW
        )

    assert after is None
    assert before is None
    assert len(set(whole)) == 11
    assert forth == back == [row.id for row in numbered] == whole


def _ids(page):
    return [row.id for row in page.rows]


def test_a_page_behind_nothing_known_is_refused(session, clerk):
    with pytest.raises(InvalidInput, match="place in the list no longer exists"):
        search.list_documents(session, clerk, Criteria(), after=uuid4())


def test_a_row_is_the_whole_document(session, clerk, three):
    page = search.list_documents(session, clerk, Criteria(), now=NOW)

    row = page.rows[0]
    assert row.patient_name == "Grace Hopper"
    assert row.version.filename == "Blood count.pdf"
    whole = records.get(session, clerk, row.id)
    assert row == search.ListedDocument(*_fields(whole))
    assert page.rows[1].patient_name is None


def _fields(record):
    return [getattr(record, name) for name in record.__dataclass_fields__]


def test_counting_tells_as_many_as_the_list_has(session, clerk, three):
    assert str(search.count_documents(session, clerk, Criteria())) == "3"
    criteria = where("unfiled", Operator.EQUAL, "true")
    assert str(search.count_documents(session, clerk, criteria)) == "1"
    criteria = Criteria(search="letter")
    assert str(search.count_documents(session, clerk, criteria)) == "1"


def test_each_look_is_written_down_with_what_was_asked_and_shown(session, clerk, three):
    criteria = Criteria(search="letter")

    search.list_documents(session, clerk, criteria, now=NOW)
    search.count_documents(session, clerk, criteria, now=NOW)

    looked, counted = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.action.in_(("document:list", "document:count")))
        .order_by(AuditEvent.position)
    )
    assert looked.details["documents"] == [str(three["old"].id)]
    assert looked.details["criteria"]["search"] == "letter"
    assert counted.details["count"] == "1"


@pytest.mark.parametrize("who", ["analyst", "admin"])
def test_who_has_no_business_with_documents_lists_and_counts_none(
    session, request, who
):
    actor = request.getfixturevalue(who)
    with pytest.raises(NotAllowed):
        search.list_documents(session, actor, Criteria())
    with pytest.raises(NotAllowed):
        search.count_documents(session, actor, Criteria())


def test_authors_are_sorted_without_their_titles_page_by_page(session, clerk, three):
    names = {"Bill": "Prof. Ann", "Old letter": "Bea", "Lab results": "Dr. med. Zoe"}
    for title, name in names.items():
        changed = update(Document).where(Document.title == title)
        session.execute(changed.values(created_by_name=name))
    criteria = Criteria(orders=(Order("author"),))

    assert titles(session, clerk, criteria) == list(names)
    first = search.list_documents(session, clerk, criteria).rows[0]
    rest = search.list_documents(session, clerk, criteria, after=first.id).rows
    assert [row.title for row in rest] == list(names)[1:]


@pytest.mark.parametrize("searched", ["", "paper"], ids=["trash", "searched"])
def test_a_page_behind_what_has_left_the_list_is_refused(session, clerk, searched):
    papers = [filed(session, clerk, "Paper", days_old=n) for n in range(3)]
    is_trash = not searched
    if is_trash:
        for paper in papers:
            records.delete(session, clerk, paper.id, revision=None)
    criteria = Criteria(search=searched, archived=is_trash)
    page = search.list_documents(session, clerk, criteria, size=1, now=NOW)
    leave = records.restore if is_trash else records.delete
    leave(session, clerk, page.next, revision=None)

    with pytest.raises(InvalidInput, match="place in the list no longer exists"):
        search.list_documents(session, clerk, criteria, after=page.next, now=NOW)
