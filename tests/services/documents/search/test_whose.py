"""Nobody finds, counts or sees a word of documents that they may not see."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from db.endpoints import Endpoints
from db.postgres import SYSTEM
from services.core.actors import Actor
from services.core.errors import NotAllowed
from services.documents import records, search
from services.documents.records.drafts import ChangedDocument, DraftDocument
from services.lists.criteria import Criteria, Operator
from tests.services.documents.records.samples import mark
from tests.services.documents.search.samples import NOW, filed, text_of, where
from tests.services.patients.clinic_samples import Clinic, open_clinic


@contextmanager
def _furnished(endpoints: Endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        for who, of, title, text in (
            (clinic.cleo, clinic.ada, "Of Ada", "syphilis"),
            (clinic.cleo, clinic.grace, "Of Grace", "measles"),
            (clinic.dora, None, "By Dora Physick", "unfiled"),
            (clinic.emil, None, "By Emil Physick", "unfiled"),
        ):
            clinic.write(who, partial(_filed, who, title, text, of))
        yield clinic


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Iterator[Clinic]:
    """Ada is nobody's patient, Grace is Dora's; each has a document that names them."""
    with _furnished(module_endpoints) as clinic:
        yield clinic


@pytest.fixture
def changing(endpoints: Endpoints) -> Iterator[Clinic]:
    """The same clinic, where a test may file more."""
    with _furnished(endpoints) as clinic:
        yield clinic


def _filed(actor, title, text, of, session):
    return filed(session, actor, title, text, of=of)


@pytest.fixture(scope="module")
def gracie(clinic: Clinic) -> Actor:
    """Grace herself."""
    return clinic.invite(clinic.grace)


def _search(clinic: Clinic, actor: Actor, typed: str):
    return clinic.read(
        actor,
        lambda session: search.list_documents(
            session, actor, Criteria(search=typed), now=NOW
        ),
    )


def _count(clinic: Clinic, actor: Actor, typed: str = "") -> int:
    return clinic.read(
        actor,
        lambda session: search.count_documents(
            session, actor, Criteria(search=typed), now=NOW
        ),
    ).value


def _titles(clinic: Clinic, actor: Actor, typed: str = "") -> list[str]:
    return sorted(row.title for row in _search(clinic, actor, typed).rows)


def test_everybody_lists_and_counts_what_they_may_see(clinic, gracie):
    everything = ["By Dora Physick", "By Emil Physick", "Of Ada", "Of Grace"]
    assert _titles(clinic, clinic.cleo) == everything
    assert _titles(clinic, clinic.dora) == ["By Dora Physick", "Of Grace"]
    assert _titles(clinic, clinic.emil) == ["By Emil Physick"]
    assert _titles(clinic, gracie) == ["Of Grace"]
    counts = [_count(clinic, who) for who in (clinic.cleo, clinic.dora, gracie)]
    assert counts == [4, 2, 1]


def test_a_search_finds_and_counts_no_others(clinic, gracie):
    assert _titles(clinic, clinic.cleo, "syphilis") == ["Of Ada"]
    for actor in (clinic.dora, gracie):
        assert _titles(clinic, actor, "syphilis") == []
        assert _count(clinic, actor, "syphilis") == 0
        assert _titles(clinic, actor, "measles") == ["Of Grace"]
        assert _count(clinic, actor, "measles") == 1
    assert _titles(clinic, clinic.dora, "unfiled") == ["By Dora Physick"]


def test_no_word_of_others_is_told_for_a_misspelt_one(clinic, gracie):
    (spelling,) = _search(clinic, clinic.cleo, "syphillis").spelled
    assert spelling.taken == ("syphilis",)
    for actor in (clinic.dora, gracie):
        page = _search(clinic, actor, "syphillis")
        assert (page.rows, page.spelled) == ((), ())
        (spelling,) = _search(clinic, actor, "meesles").spelled
        assert spelling.taken == ("measles",)


RAW = {
    "words": "SELECT words::text FROM document_search",
    "head": "SELECT head::text FROM document_search",
    "count": "SELECT document_id FROM document_search WHERE words @@ 'syphilis'",
    "past the rules": "SELECT words::text FROM everyone.document_search",
    "statistics": "SELECT word FROM ts_stat('SELECT words FROM document_search')",
    "vocabulary": "SELECT word FROM document_words",
    "indexing": "SELECT index_document(id)::text FROM documents",
}


@pytest.mark.parametrize("role", ["patient", "clinician", "analyst", "admin", "door"])
@pytest.mark.parametrize("statement", RAW.values(), ids=RAW)
def test_raw_sql_tells_no_word_of_others(clinic, gracie, endpoints_of, statement, role):
    who = {"patient": gracie, "clinician": clinic.dora}.get(role)
    with endpoints_of(role, who) as cursor:
        try:
            cursor.execute(statement)
        except InsufficientPrivilege:
            return
        assert "syphilis" not in str(cursor.fetchall())


@pytest.fixture
def endpoints_of(module_endpoints: Endpoints):
    """Opens a cursor on the app's login that has taken on a role."""

    @contextmanager
    def open_as(role, who):
        connection = psycopg2.connect(module_endpoints.database_url)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('role', %s, true), "
                "set_config('chartroom.user_id', %s, true), "
                "set_config('chartroom.patient_id', %s, true)",
                [
                    f"chartroom_{role}",
                    str(who.id) if who else "",
                    str(who.patient_id or "") if who else "",
                ],
            )
            yield cursor
        connection.close()

    return open_as


def test_a_patient_cannot_ask_about_what_patients_are_not_shown(clinic, gracie):
    for field, value in (("held", "true"), ("last_name", "Hopper")):
        criteria = where(field, "EQUAL", value)
        with pytest.raises(NotAllowed, match="your own documents"):
            clinic.read(
                gracie,
                lambda s, criteria=criteria: search.list_documents(s, gracie, criteria),
            )


def test_a_patient_sees_in_the_trash_only_what_they_filed(clinic, gracie):
    def remove(session, actor, title):
        document = filed(session, actor, title, of=clinic.grace)
        records.delete(session, actor, document.id, revision=document.revision)

    def mine(session):
        draft = DraftDocument(title="Mine", patient_id=clinic.grace.id)
        document = records.file(session, gracie, draft, text_of("mine"))
        records.delete(session, gracie, document.id, revision=document.revision)

    clinic.write(clinic.cleo, lambda s: remove(s, clinic.cleo, "The clinic's"))
    clinic.write(gracie, mine)

    page = clinic.read(
        gracie,
        lambda s: search.list_documents(s, gracie, Criteria(archived=True)),
    )
    assert [row.title for row in page.rows] == ["Mine"]


def test_a_patient_does_not_see_what_the_clinic_filed_before_it_is_clean(changing):
    gracie = changing.invite(changing.grace)
    document = changing.write(
        changing.cleo,
        lambda s: filed(s, changing.cleo, "Waiting", "mumps", of=changing.grace),
    )
    changing.database.write(
        lambda s: mark(s, document, scan="waiting"), identity=SYSTEM
    )

    assert "Waiting" not in _titles(changing, gracie)
    assert _titles(changing, gracie, "waiting") == []
    assert "Waiting" in _titles(changing, changing.cleo)


OWN_LISTS = {
    # Including what the clinic has filed about her.
    "all": (Criteria(), 4),
    "filtered": (where("title", Operator.STARTS_WITH, "mine"), 3),
    "searched": (Criteria(search="mine"), 3),
    "deleted": (Criteria(archived=True), 3),
    "searched among the deleted": (Criteria(search="mine", archived=True), 3),
}


@pytest.mark.parametrize(("criteria", "count"), OWN_LISTS.values(), ids=OWN_LISTS)
def test_a_patients_list_leaves_out_what_waits_before_it_is_cut_into_pages(
    changing, criteria, count
):
    cleo, gracie = changing.cleo, changing.invite(changing.grace)
    mine = [f"Mine {number}" for number in range(1, 6)]
    documents = [
        changing.write(gracie, partial(_filed, gracie, title, "text", changing.grace))
        for title in mine
    ]
    # They would be on the first page.
    for document in documents[3:]:
        changing.write(cleo, partial(_replace_by_what_waits, cleo, document))
    if criteria.archived:
        for document in documents:
            changing.write(cleo, partial(_delete, cleo, document))

    page, counted = changing.read(gracie, partial(_look, gracie, criteria))

    assert [row.title for row in page.rows] == ["Mine 3", "Mine 2"]
    assert page.next == documents[1].id
    assert counted == count


def _replace_by_what_waits(actor, document, session):
    content = text_of("newer", scan="waiting")
    records.add_version(
        session, actor, document.id, content, revision=document.revision
    )


def _delete(actor, document, session):
    records.delete(session, actor, document.id, revision=None)


def _look(actor, criteria, session):
    page = search.list_documents(session, actor, criteria, size=2, now=NOW)
    return page, search.count_documents(session, actor, criteria, now=NOW).value


def test_filing_it_elsewhere_moves_what_is_found_at_once(changing):
    gracie = changing.invite(changing.grace)
    document = changing.write(
        changing.cleo,
        lambda s: filed(s, changing.cleo, "Moving", "rubella", of=changing.ada),
    )
    assert _titles(changing, gracie, "rubella") == []

    def move(session):
        changed = replace(ChangedDocument.of(document), patient_id=changing.grace.id)
        records.change(
            session, changing.cleo, document.id, changed, revision=document.revision
        )

    changing.write(changing.cleo, move)

    assert _titles(changing, gracie, "rubella") == ["Moving"]
