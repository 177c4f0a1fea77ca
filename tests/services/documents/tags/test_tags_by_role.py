"""Tags under the database's own rules, read under each role's identity."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from db.endpoints import Endpoints
from services.core.errors import NotAllowed
from services.documents import records, tags
from services.documents.records.drafts import ChangedDocument
from services.lists.criteria import Operator
from tests.services.documents.search.samples import filed, titles, where
from tests.services.patients.clinic_samples import Clinic, open_clinic


@pytest.fixture
def clinic(endpoints: Endpoints) -> Iterator[Clinic]:
    with open_clinic(endpoints) as clinic:
        yield clinic


def give(clinic, actor, document, *names):
    """Give a document these tags and no others."""

    def change(session):
        before = records.look_up(session, actor, document.id)
        wanted = replace(ChangedDocument.of(before), tags=names)
        return records.change(
            session, actor, document.id, wanted, revision=before.revision
        )

    return clinic.write(actor, change)


def test_staff_and_clinicians_give_tags_and_patients_see_those_meant_for_them(clinic):
    ines, cleo, dora = clinic.ines, clinic.cleo, clinic.dora
    paper = clinic.write(cleo, lambda s: filed(s, cleo, "Letter", of=clinic.grace))
    shown = clinic.write(
        ines, lambda s: tags.add_tag(s, ines, "Please sign", is_shown_to_patients=True)
    )
    hidden = clinic.write(ines, lambda s: tags.add_tag(s, ines, "Difficult"))
    gracie = clinic.invite(clinic.grace)

    assert give(clinic, cleo, paper, "difficult").tags == ("Difficult",)
    both = give(clinic, dora, paper, "Difficult", "Please sign")
    assert both.tags == ("Difficult", "Please sign")

    theirs = clinic.read(gracie, lambda s: records.look_up(s, gracie, paper.id))
    assert theirs.tags == ("Please sign",)
    assert clinic.read(gracie, lambda s: tags.list_tags(s, gracie)) == (shown,)
    criteria = where("tags", Operator.EQUAL, "Difficult")
    assert clinic.read(cleo, lambda s: titles(s, cleo, criteria)) == ["Letter"]
    with pytest.raises(NotAllowed, match="your lists cannot use: tags"):
        clinic.read(gracie, lambda s: titles(s, gracie, criteria))
    assert clinic.read(ines, lambda s: tags.count_tagged(s, ines, hidden.id)) == 1
    assert clinic.write(ines, lambda s: tags.delete_tag(s, ines, hidden.id)) == 1
    left = clinic.read(cleo, lambda s: records.look_up(s, cleo, paper.id))
    assert left.tags == ("Please sign",)
