"""Fields under the database's own rules, read under each role's identity."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update

from db.endpoints import Endpoints
from db.models.document import Document
from db.models.document_search import DocumentFieldValue
from db.postgres import SYSTEM
from services.documents import fields, records
from services.documents.fields import FieldDefinition, FieldKind
from services.documents.records.drafts import ChangedDocument
from services.lists.criteria import Operator
from tests.services.documents.search.samples import filed, titles, where
from tests.services.patients.clinic_samples import Clinic, open_clinic

CRITERIA = where("custom_fields.lab", Operator.STARTS_WITH, "L-")


@pytest.fixture
def clinic(endpoints: Endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        definition = FieldDefinition("Lab")
        clinic.write(
            clinic.ines,
            lambda s: fields.add_field(s, clinic.ines, FieldKind.TEXT, definition),
        )
        yield clinic


def fill(clinic, actor, document, value, **changes):
    """Give a document's field this value."""

    def change(session):
        before = records.look_up(session, actor, document.id)
        wanted = replace(ChangedDocument.of(before), fields={"lab": value}, **changes)
        return records.change(
            session, actor, document.id, wanted, revision=before.revision
        )

    return clinic.write(actor, change)


def count_values(session):
    return session.scalar(select(func.count()).select_from(DocumentFieldValue))


def test_who_sees_a_document_sees_its_fields_and_who_changes_it_fills_them_in(clinic):
    cleo, dora, emil = clinic.cleo, clinic.dora, clinic.emil
    paper = clinic.write(
        cleo, lambda s: filed(s, cleo, "Letter", of=clinic.grace, fields={"lab": "L-1"})
    )
    clinic.write(
        cleo, lambda s: filed(s, cleo, "Adas", of=clinic.ada, fields={"lab": "L-9"})
    )
    gracie = clinic.invite(clinic.grace)

    assert fill(clinic, dora, paper, "L-2").fields == {"lab": "L-2"}
    assert fill(clinic, cleo, paper, "L-3").fields == {"lab": "L-3"}

    for actor in (dora, gracie):
        seen = clinic.read(actor, lambda s, a=actor: records.look_up(s, a, paper.id))
        assert seen.fields == {"lab": "L-3"}
        assert clinic.read(actor, lambda s, a=actor: titles(s, a, CRITERIA)) == [
            "Letter"
        ]
        assert clinic.read(actor, count_values) == 1
    own = clinic.write(
        gracie,
        lambda s: filed(s, gracie, "Own", of=clinic.grace, fields={"lab": "L-7"}),
    )
    assert own.fields == {}
    assert clinic.read(emil, lambda s: titles(s, emil, CRITERIA)) == []
    assert clinic.read(emil, count_values) == 0
    assert sorted(clinic.read(cleo, lambda s: titles(s, cleo, CRITERIA))) == [
        "Adas",
        "Letter",
    ]


def test_what_is_confidential_keeps_its_fields_from_the_desk(clinic):
    cleo, dora = clinic.cleo, clinic.dora
    paper = clinic.write(
        dora, lambda s: filed(s, dora, "Letter", of=clinic.grace, fields={"lab": "L-1"})
    )

    # Whoever makes it confidential sees it one last time, fields and all.
    after = fill(clinic, cleo, paper, "L-2", confidential=True)

    assert after.fields == {"lab": "L-2"}
    assert clinic.read(cleo, lambda s: titles(s, cleo, CRITERIA)) == []
    assert clinic.read(cleo, count_values) == 0
    assert clinic.read(dora, count_values) == 1


def test_what_is_purged_has_no_values_whoever_purges_it(clinic):
    cleo = clinic.cleo
    paper = clinic.write(
        cleo, lambda s: filed(s, cleo, "Letter", fields={"lab": "L-1"})
    )
    purged = update(Document).where(Document.id == paper.id)
    gone = {"deleted_at": func.now(), "deleted_by": cleo.id, "purged_at": func.now()}

    clinic.database.write(lambda s: s.execute(purged.values(gone)), identity=SYSTEM)

    left = clinic.database.read_latest(count_values, identity=SYSTEM).value
    assert left == 0
