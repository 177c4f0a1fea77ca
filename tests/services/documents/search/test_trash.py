"""Deleted documents are listed for those who may restore them, and for nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Final

import pytest

from db.endpoints import Endpoints
from services.core.actor_database import ActorDatabase
from services.core.actors import Actor, Scope
from services.core.errors import NotAllowed
from services.documents import records, search
from services.documents.search.cache import DocumentListCache
from services.documents.search.fields import DOCUMENTS
from services.lists import views
from services.lists.criteria import Criteria
from services.lists.pages import PagePosition
from tests.kit.change_listening import listening
from tests.kit.waiting import eventually
from tests.services.documents.search.samples import NOW, filed
from tests.services.patients.clinic_samples import Clinic, open_clinic

TRASH: Final = Criteria(archived=True)


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Iterator[Clinic]:
    """A clinic in which somebody has deleted a document."""
    with open_clinic(module_endpoints) as clinic:

        def remove(session):
            document = filed(session, clinic.cleo, "Deleted", of=clinic.ada)
            records.delete(
                session, clinic.cleo, document.id, revision=document.revision
            )

        clinic.write(clinic.cleo, remove)
        yield clinic


@pytest.fixture
def reader(clinic: Clinic) -> Actor:
    """A program that acts for the front desk and may only read documents."""
    return replace(clinic.cleo, scopes=frozenset({Scope.READ_DOCUMENTS}))


@pytest.mark.parametrize(
    "ask",
    [
        partial(search.list_documents, now=NOW),
        partial(search.list_numbered, page=1, per_page=10, now=NOW),
        partial(search.count_documents, now=NOW),
        partial(views.store_criteria, subject=DOCUMENTS),
    ],
    ids=["page", "numbered", "count", "address"],
)
def test_who_may_only_read_documents_asks_for_no_deleted_ones(clinic, reader, ask):
    with pytest.raises(NotAllowed, match="made for less"):
        clinic.write(reader, lambda session: ask(session, reader, TRASH))


def test_a_list_kept_for_a_colleague_is_not_given_to_who_may_only_read(
    clinic, reader, module_endpoints
):
    with listening(module_endpoints, "documents") as listener:
        eventually(listener.change_mark)
        document_lists = DocumentListCache(listener)

        def look(actor):
            on_behalf = ActorDatabase(clinic.database, actor)
            return document_lists.look(
                on_behalf, TRASH, PagePosition(), now=NOW
            ).value.page.rows

        assert [row.title for row in look(clinic.cleo)] == ["Deleted"]
        with pytest.raises(NotAllowed, match="made for less"):
            look(reader)


def test_who_may_write_documents_as_well_lists_the_deleted_ones(clinic, reader):
    writer = replace(reader, scopes=reader.scopes | {Scope.WRITE_DOCUMENTS})

    page = clinic.read(
        writer, lambda s: search.list_documents(s, writer, TRASH, now=NOW)
    )

    assert [row.title for row in page.rows] == ["Deleted"]
