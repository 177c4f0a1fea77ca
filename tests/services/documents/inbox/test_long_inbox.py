"""A long inbox: no bound cuts off its counts or its list."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from sqlalchemy import event, text

from db.postgres import SYSTEM
from services.core.actors import Actor
from services.core.errors import InvalidInput
from services.documents import inbox
from services.documents.inbox import InboxView
from tests.services.documents.records.samples import content, file
from tests.services.patients.clinic_samples import Clinic

# More than a count reads at once.
NUMBER = 1_007
FILED = text("""
    WITH papers AS (
        INSERT INTO documents (id, title, created_by, created_by_name, urgent)
        SELECT gen_random_uuid(), 'Paper ' || n, :author, 'Emil', n % 100 = 0
        FROM generate_series(1, :number) AS n
        RETURNING id
    )
    INSERT INTO document_versions (document_id, number, file_id, filename, filesize,
                                   sha256, pages, origin, author_id, author_name)
    SELECT id, 1, md5(id::text), 'paper.pdf', 1, sha256(id::text::bytea), 1, 'upload',
           :author, 'Emil'
    FROM papers
""")


@pytest.fixture(scope="module", autouse=True)
def _papers(clinic: Clinic) -> None:
    """File more unfiled documents than one page has."""
    given = {"author": clinic.emil.id, "number": NUMBER}
    clinic.database.write(lambda s: s.execute(FILED, given) and None, identity=SYSTEM)


def count(clinic: Clinic, actor: Actor) -> inbox.InboxCounts:
    now = datetime.now(UTC)
    return clinic.read(actor, lambda s: inbox.count_inbox(s, actor, now))


def list_pages(
    clinic: Clinic, actor: Actor, view: InboxView, **options: int
) -> Iterator[inbox.InboxPage]:
    """Yield page after page, as a reader who asks for the next one gets them."""
    now, after = datetime.now(UTC), None
    while True:
        page = clinic.read(
            actor,
            lambda s, after=after: inbox.list_inbox(
                s, actor, view, now, after=after, **options
            ),
        )
        yield page
        if page.next is None:
            return
        after = page.next


def list_all(clinic: Clinic, actor: Actor, view: InboxView) -> list[UUID]:
    pages = list_pages(clinic, actor, view)
    return [item.id for page in pages for item in page.items]


def test_each_role_counts_what_its_list_has_however_much_that_is(clinic, grace):
    before = count(clinic, clinic.cleo)
    for author, of in ((grace, clinic.grace), (clinic.cleo, clinic.grace)):
        paper = clinic.write(
            author, lambda s, a=author, of=of: file(s, a, of=of, holding=content(b"x"))
        )
    clinic.write(
        clinic.cleo, lambda s: inbox.assign(s, clinic.cleo, paper.id, clinic.dora.id)
    )

    counts = {actor: count(clinic, actor) for actor in (clinic.cleo, clinic.dora)}

    assert counts[clinic.cleo] == inbox.InboxCounts(0, before.unassigned + 1)
    assert counts[clinic.dora] == inbox.InboxCounts(1, 1)
    for actor, counted in counts.items():
        assert counted.mine == len(list_all(clinic, actor, InboxView.MINE))
        unassigned = list_all(clinic, actor, InboxView.UNASSIGNED)
        assert counted.unassigned == len(unassigned) == len(set(unassigned))


def test_counting_reads_one_row(clinic):
    rows = []

    def read(session):
        def note(_connection, cursor, *_more):
            rows.append(cursor.rowcount)

        connection = session.connection()
        event.listen(connection, "after_cursor_execute", note)
        try:
            return inbox.count_inbox(session, clinic.cleo, datetime.now(UTC))
        finally:
            event.remove(connection, "after_cursor_execute", note)

    assert clinic.write(clinic.cleo, read) == count(clinic, clinic.cleo)
    # Statements that take on a role, and those that find nothing, read none.
    assert [read for read in rows if read > 0] == [1]


def test_pages_follow_each_other_with_what_is_urgent_first(clinic):
    pages = list(list_pages(clinic, clinic.cleo, InboxView.UNASSIGNED))

    assert [len(page.items) for page in pages[:-1]] == [200] * (NUMBER // 200)
    items = [item for page in pages for item in page.items]
    assert items == sorted(items, key=lambda i: (not i.urgent, i.created_at, i.id))
    assert pages[0].items[0].urgent


def test_a_page_goes_on_behind_what_was_done_meanwhile(clinic):
    first, second = (
        page
        for page, _ in zip(
            list_pages(clinic, clinic.cleo, InboxView.UNASSIGNED, limit=3),
            range(2),
            strict=False,
        )
    )
    last = first.items[-1].id

    clinic.write(clinic.cleo, lambda s: inbox.finish(s, clinic.cleo, last))

    again = clinic.read(
        clinic.cleo,
        lambda s: inbox.list_inbox(
            s,
            clinic.cleo,
            InboxView.UNASSIGNED,
            datetime.now(UTC),
            after=last,
            limit=3,
        ),
    )
    assert again.items == second.items


def test_a_place_that_is_no_document_is_said_to_be_gone(clinic):
    now = datetime.now(UTC)

    with pytest.raises(InvalidInput, match="place in the list no longer exists"):
        clinic.read(
            clinic.cleo,
            lambda s: inbox.list_inbox(
                s, clinic.cleo, InboxView.EVERYBODY, now, after=uuid4()
            ),
        )
