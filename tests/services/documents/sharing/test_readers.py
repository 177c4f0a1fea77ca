"""Confidential documents: which roles open them, and that there is no other way.

Everything here goes through the app's login under each role's identity, as in
tests/services/documents/records/test_documents_by_role.py.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text

from db.models.audit import AuditEvent
from db.models.document_search import DocumentSearch
from db.postgres import ANONYMOUS, SYSTEM
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor
from services.core.errors import InvalidInput, NotAllowed
from services.documents import records, search
from services.documents.records.drafts import ChangedDocument
from services.documents.records.errors import InvalidDocument, NoSuchDocument
from services.documents.records.model import DocumentRecord
from services.documents.search.cache import DocumentListCache
from services.documents.search.latest import list_latest
from services.documents.sharing import readers, shares
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.lists.pages import PagePosition
from services.patients.care import break_glass
from tests.kit import cast
from tests.kit.change_listening import FakeChangeListener
from tests.kit.replicas import await_everywhere
from tests.services.documents.records.samples import content, file
from tests.services.patients.clinic_samples import REASON, Clinic

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def colleague(clinic: Clinic) -> Actor:
    """Somebody else at the front desk."""
    person = replace(cast.CLEO, name="Carl", email="carl@clinic.example")
    added = clinic.database.write(
        lambda session: cast.add_actor(session, person), identity=SYSTEM
    )
    return added.value


@pytest.fixture
def sealed(clinic: Clinic) -> DocumentRecord:
    """A confidential document about Grace, filed by Dora."""
    return _file(clinic, clinic.dora, title="Genetic report", confidential=True)


def _file(clinic: Clinic, actor: Actor, **facts: Any) -> DocumentRecord:
    of = facts.pop("of", clinic.grace)
    return clinic.write(
        actor, lambda s: file(s, actor, of=of, holding=content(b"x"), **facts)
    )


def _change(
    clinic: Clinic, actor: Actor, document: DocumentRecord, **changes: Any
) -> DocumentRecord:
    wanted = replace(ChangedDocument.of(document), **changes)
    return clinic.write(
        actor,
        lambda s: records.change(
            s, actor, document.id, wanted, revision=document.revision
        ),
    )


def _name(
    clinic: Clinic, actor: Actor, document: DocumentRecord, *people: Actor
) -> DocumentRecord:
    return clinic.write(
        actor,
        lambda s: readers.name_readers(
            s,
            actor,
            document.id,
            [person.id for person in people],
            revision=document.revision,
        ),
    )


def _titles(clinic: Clinic, actor: Actor, criteria: Criteria) -> list[str]:
    page = clinic.read(actor, lambda s: search.list_documents(s, actor, criteria))
    return [row.title for row in page.rows]


WAYS: dict[str, Callable[[Any, Actor, UUID], object]] = {
    "details": records.get,
    "versions": records.versions,
    "file": lambda s, a, i: records.open_version(s, a, i, purpose="download"),
    "text": records.text_of,
    "original": records.open_original,
    "links": shares.list_of,
    "a link": lambda s, a, i: shares.create(s, a, i, None, minutes=60),
    "readers": readers.list_readers,
    "deletion": lambda s, a, i: records.delete(s, a, i, revision=None),
    "hold": lambda s, a, i: records.hold(s, a, i, reason="A court asked."),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_front_desk_has_no_way_to_what_is_confidential(clinic, sealed, way):
    cleo = clinic.cleo

    with pytest.raises(NoSuchDocument):
        clinic.write(cleo, lambda s: WAYS[way](s, cleo, sealed.id))


@pytest.mark.parametrize("role", ["ana", "ines"])
def test_analysts_and_administrators_open_it_as_little_as_any_other(
    clinic, sealed, role
):
    actor = getattr(clinic, role)

    for way in ("details", "file", "readers"):
        with pytest.raises(NotAllowed):
            clinic.write(actor, lambda s, w=way: WAYS[w](s, actor, sealed.id))


def test_lists_counts_and_searches_of_the_front_desk_are_without_it(clinic, sealed):
    cleo = clinic.cleo
    of_grace = Filter("patient_id", Operator.EQUAL, str(clinic.grace.id))
    of_hers = Criteria(Group(members=(of_grace,)))

    for criteria in (Criteria(), Criteria(search="genetic"), of_hers):
        assert "Genetic report" not in _titles(clinic, cleo, criteria)
        assert "Genetic report" in _titles(clinic, clinic.dora, criteria)
    by_id = Criteria(search=str(sealed.id))
    assert _titles(clinic, cleo, by_id) == []
    matches = clinic.read(cleo, lambda s: search.find_quickly(s, cleo, "genet"))
    latest = clinic.read(cleo, lambda s: list_latest(s, cleo, NOW - timedelta(days=9)))
    assert matches == ()
    assert sealed.id not in {document.id for document in latest}


def test_the_database_itself_shows_the_front_desk_nothing_of_it(clinic, sealed):
    def look(session):
        version = sealed.version.id
        return [
            session.execute(text(statement), {"id": wanted}).all()
            for statement, wanted in (
                ("SELECT FROM documents WHERE id = :id", sealed.id),
                ("SELECT FROM public.documents WHERE id = :id", sealed.id),
                ("SELECT FROM document_versions WHERE id = :id", version),
                ("SELECT FROM public.document_versions WHERE id = :id", version),
                ("SELECT FROM document_texts WHERE version_id = :id", version),
                ("SELECT FROM document_search WHERE document_id = :id", sealed.id),
            )
        ]

    assert clinic.read(clinic.cleo, look) == [[]] * 6
    assert [len(rows) for rows in clinic.read(clinic.dora, look)] == [1] * 6


def test_the_front_desk_is_told_that_there_are_some_and_since_when(clinic, colleague):
    fresh = clinic.read(
        colleague, lambda s: readers.count_confidential(s, colleague, clinic.grace.id)
    )
    urgent = _file(clinic, clinic.dora, confidential=True, urgent=True)
    _file(clinic, colleague, confidential=True)
    _file(clinic, clinic.dora)

    def count(actor):
        return clinic.read(
            actor, lambda s: readers.count_confidential(s, actor, clinic.grace.id)
        )

    after = count(colleague)
    assert after.number == fresh.number + 1
    assert after.urgent == fresh.urgent + 1
    assert after.last_filed_at == urgent.created_at
    assert count(clinic.dora).number == 0


def test_whoever_filed_it_opens_it_whatever_their_role(clinic, colleague, grace):
    cleo, emil = clinic.cleo, clinic.emil
    filed = _file(clinic, cleo, title="HIV test", confidential=True)

    assert "HIV test" in _titles(clinic, cleo, Criteria(search="hiv"))
    for actor in (cleo, clinic.dora, grace):
        shown = clinic.read(actor, lambda s, a=actor: records.get(s, a, filed.id))
        assert shown.title == "HIV test"
    for actor in (colleague, emil):
        with pytest.raises(NoSuchDocument):
            clinic.read(actor, lambda s, a=actor: records.get(s, a, filed.id))


def test_a_clinician_in_an_emergency_opens_it_for_a_reason(clinic, sealed):
    emil = clinic.emil

    def open_it():
        return clinic.read(emil, lambda s: records.get(s, emil, sealed.id))

    with pytest.raises(NoSuchDocument):
        open_it()
    access = clinic.write(
        emil,
        lambda s: break_glass.open_record(s, emil, clinic.grace.id, reason=REASON),
    )

    assert open_it().title == "Genetic report"
    assert access is not None
    clinic.database.write(
        lambda s: s.execute(text("DELETE FROM break_glass_accesses")), identity=SYSTEM
    )
    with pytest.raises(NoSuchDocument):
        open_it()


def test_who_is_named_at_the_front_desk_opens_it_until_they_are_not(
    clinic, sealed, colleague
):
    def open_it(actor):
        return clinic.read(actor, lambda s: records.get(s, actor, sealed.id))

    named = _name(clinic, clinic.dora, sealed, colleague)

    assert open_it(colleague).version == sealed.version
    with pytest.raises(NoSuchDocument):
        open_it(clinic.cleo)
    named_readers = clinic.read(
        clinic.dora, lambda s: readers.list_readers(s, clinic.dora, sealed.id)
    )
    assert [reader.id for reader in named_readers] == [colleague.id]
    _name(clinic, clinic.dora, named)
    with pytest.raises(NoSuchDocument):
        open_it(colleague)
    assert _changed(clinic, sealed) == [
        {"readers": [[], [str(colleague.id)]]},
        {"readers": [[str(colleague.id)], []]},
    ]


def _changed(clinic: Clinic, document: DocumentRecord) -> list[Any]:
    """Return the changes of a document that the audit log has."""
    events = select(AuditEvent.details).where(
        AuditEvent.action == "document:change",
        AuditEvent.subject_id == str(document.id),
    )
    rows = clinic.database.write(
        lambda s: s.scalars(events.order_by(AuditEvent.position)).all(),
        identity=SYSTEM,
    )
    return [details["changed"] for details in rows.value]


def test_only_people_of_the_front_desk_are_named_and_only_where_it_matters(
    clinic, sealed, colleague
):
    with pytest.raises(
        InvalidInput, match="Only people at the front desk can be named"
    ):
        _name(clinic, clinic.dora, sealed, clinic.emil)
    routine = _file(clinic, clinic.dora)
    with pytest.raises(readers.NotConfidential):
        _name(clinic, clinic.dora, routine, colleague)


def test_what_is_withheld_is_kept_from_the_patient_and_nobody_else(clinic, grace):
    kept = _file(
        clinic, clinic.dora, title="Suspicion", confidential=True, withheld=True
    )
    shown = _file(clinic, clinic.dora, title="Told", confidential=True)

    for way in ("details", "versions", "file", "text", "a link"):
        with pytest.raises(NoSuchDocument):
            clinic.write(grace, lambda s, w=way: WAYS[w](s, grace, kept.id))
    assert clinic.read(grace, lambda s: records.get(s, grace, shown.id))
    assert "Suspicion" not in _titles(clinic, grace, Criteria())
    assert "Told" in _titles(clinic, grace, Criteria())
    assert _titles(clinic, grace, Criteria(search="suspicion")) == []
    own = clinic.read(
        grace,
        lambda s: s.scalars(
            select(DocumentSearch.document_id).where(
                DocumentSearch.document_id == kept.id
            )
        ).all(),
    )
    assert own == []
    assert clinic.read(clinic.dora, lambda s: records.get(s, clinic.dora, kept.id))


def test_what_the_patient_filed_is_never_kept_from_them(clinic, grace):
    own = _file(clinic, grace, title="My diary")

    _change(clinic, clinic.dora, own, confidential=True, withheld=True)

    assert clinic.read(grace, lambda s: records.get(s, grace, own.id)).withheld


def test_patients_do_not_say_how_the_clinic_handles_it(clinic, grace):
    filed = _file(clinic, grace, urgent=True, confidential=True)

    assert (filed.urgent, filed.confidential) == (False, False)
    for changes in ({"urgent": True}, {"confidential": True}):
        with pytest.raises(NotAllowed):
            _change(clinic, grace, filed, **changes)


def test_links_open_nothing_once_it_is_confidential(clinic, grace):
    shared = _file(clinic, clinic.cleo)
    link = clinic.write(
        clinic.cleo,
        lambda s: shares.create(s, clinic.cleo, shared.id, None, minutes=60),
    )

    def follow():
        return clinic.database.write(
            lambda s: shares.open_link(s, link.secret), identity=ANONYMOUS
        ).value

    assert follow() is not None
    _change(clinic, clinic.dora, shared, confidential=True)

    assert follow() is None
    for actor in (clinic.dora, grace):
        with pytest.raises(shares.Confidential, match="confidential"):
            clinic.write(
                actor,
                lambda s, a=actor: shares.create(s, a, shared.id, None, minutes=60),
            )
    # However the link came to be, nobody without a sign-in is shown the file.
    clinic.database.write(
        lambda s: s.execute(text("UPDATE document_shares SET revoked_at = NULL")),
        identity=SYSTEM,
    )
    assert follow() is None
    bare = "SELECT FROM document_versions WHERE document_id = :id"
    seen = clinic.database.write(
        lambda s: s.execute(text(bare), {"id": shared.id}).all(), identity=ANONYMOUS
    )
    assert seen.value == []


def test_the_desk_makes_it_confidential_and_no_longer_opens_it(clinic, colleague):
    routine = _file(clinic, clinic.cleo, title="Letter of the clinic for addiction")

    done = _change(clinic, colleague, routine, confidential=True, urgent=True)

    assert (done.confidential, done.urgent, done.revision) == (True, True, 2)
    with pytest.raises(NoSuchDocument):
        clinic.read(colleague, lambda s: records.get(s, colleague, routine.id))
    assert _changed(clinic, routine) == [
        {"urgent": [False, True], "confidential": [False, True]}
    ]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"of": None, "confidential": True}, "confidential"),
        ({"withheld": True}, "withheld"),
    ],
    ids=["confidential of nobody", "withheld and not confidential"],
)
def test_what_nobody_could_handle_is_refused(clinic, sealed, facts, field):
    dora = clinic.dora
    with pytest.raises(InvalidDocument) as filing:
        _file(clinic, dora, **facts)
    changes = {name: value for name, value in facts.items() if name != "of"}
    if "of" in facts:
        changes["patient_id"] = None
    else:
        changes["confidential"] = False
    with pytest.raises(InvalidDocument) as changing:
        _change(clinic, dora, sealed, **changes)

    assert filing.value.property_name == field
    assert changing.value.property_name == field


@pytest.mark.parametrize("named", ["urgent", "confidential"])
def test_lists_are_filtered_by_how_documents_are_handled(clinic, named):
    dora = clinic.dora
    title = f"Handled {named}"
    _file(clinic, dora, title=title, **{named: True})
    _file(clinic, dora, title=f"Not {named}")
    having = Filter(named, Operator.EQUAL, "true")

    listed = _titles(clinic, dora, Criteria(Group(members=(having,))))

    assert title in listed
    assert f"Not {named}" not in listed


def test_urgent_papers_come_first(clinic):
    urgent = _file(clinic, clinic.cleo, title="Potassium", urgent=True)
    newer = _file(clinic, clinic.cleo, title="Potassium again")
    dora = clinic.dora

    latest = clinic.read(dora, lambda s: list_latest(s, dora, NOW - timedelta(days=9)))

    ids = [document.id for document in latest]
    assert ids.index(urgent.id) < ids.index(newer.id)


def test_no_list_that_is_kept_shows_it_to_a_colleague(clinic, colleague):
    lists = DocumentListCache(FakeChangeListener())
    look = partial(lists.look, criteria=Criteria(), at=PagePosition(), now=NOW)

    def titles(actor):
        read = look(ActorDatabase(clinic.database, actor))
        return {row.title for row in read.value.page.rows}

    _file(clinic, clinic.cleo, title="Only of Cleo", confidential=True)
    await_everywhere(clinic.database)

    assert "Only of Cleo" in titles(clinic.cleo)
    assert "Only of Cleo" not in titles(colleague)
    assert "Only of Cleo" in titles(clinic.cleo)
