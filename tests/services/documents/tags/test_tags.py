"""Tags: made by administrators, put on documents by the clinic, few for patients."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from db.models.document import Document
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed, NotFound
from services.documents import records, tags
from services.documents.records.drafts import ChangedDocument
from services.documents.tags import TagColour
from services.documents.tags.managing import TagChanged, TagExists
from services.lists.criteria import Operator
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.services.documents.records.samples import file
from tests.services.documents.search.samples import register, titles, where


@pytest.fixture
def boss(session):
    return cast.add_actor(session, Role.ADMIN)


@pytest.fixture
def grace(session, clerk):
    return register(session, clerk, "Grace", "Hopper")


@pytest.fixture
def paper(session, clerk, grace):
    """A document of Grace's."""
    return file(session, clerk, of=grace, title="Letter")


def give(session, actor, document, *names):
    """Give a document these tags and no others."""
    before = records.look_up(session, actor, document.id)
    wanted = replace(ChangedDocument.of(before), tags=names)
    return records.change(session, actor, document.id, wanted, revision=before.revision)


def test_a_document_has_the_tags_that_there_are_each_once_as_they_are_written(
    session, boss, clerk, paper
):
    for name in ("Urgent", "Claim"):
        tags.add_tag(session, boss, name)

    given = give(session, clerk, paper, "urgent", "Claim", "URGENT")

    assert given.tags == ("Claim", "Urgent")
    assert records.look_up(session, clerk, paper.id).tags == ("Claim", "Urgent")


def test_a_tag_that_nobody_made_is_refused(session, clerk, paper):
    with pytest.raises(InvalidInput, match="no tag “Nonsense”"):
        give(session, clerk, paper, "Nonsense")


def test_two_tags_have_not_the_same_name(session, boss):
    tags.add_tag(session, boss, "Épilepsie")
    other = tags.add_tag(session, boss, "Other")

    with pytest.raises(TagExists):
        tags.add_tag(session, boss, " epilepsie ")
    with pytest.raises(TagExists):
        tags.change_tag(
            session,
            boss,
            other.id,
            name="EPILEPSIE",
            colour=TagColour.RED,
            is_shown_to_patients=False,
        )
    assert len(tags.list_tags(session, boss)) == 2


def test_a_tag_that_a_colleague_changed_is_not_changed_over_that(session, boss):
    seen = tags.add_tag(session, boss, "Claim")
    wanted = {"name": "Claims", "colour": TagColour.RED, "is_shown_to_patients": False}
    shown = tags.change_tag(
        session, boss, seen.id, **wanted | {"is_shown_to_patients": True}
    )

    with pytest.raises(TagChanged):
        tags.change_tag(session, boss, seen.id, **wanted, seen=seen)

    assert tags.list_tags(session, boss) == (shown,)
    assert (
        tags.change_tag(session, boss, seen.id, **wanted, seen=shown).name == "Claims"
    )


@pytest.mark.parametrize(
    "name",
    ["", "  ", "x" * 41, "a\0b", "\u202e\u200b"],
    ids=["empty", "blank", "long", "unstorable", "invisible"],
)
def test_a_tag_has_a_name_that_fits(session, boss, name):
    with pytest.raises(InvalidInput) as refusal:
        tags.add_tag(session, boss, name)
    assert refusal.value.property_name == "name"


def test_a_name_that_cannot_be_stored_is_not_called_missing(session, boss):
    with pytest.raises(InvalidInput, match="cannot be shown"):
        tags.add_tag(session, boss, "Ur\0gent")


def test_a_name_reads_as_it_is_kept(session, boss):
    assert tags.add_tag(session, boss, " Ur\u202e gent\u2069").name == "Ur gent"


def test_a_new_name_stands_on_all_documents(session, boss, clerk, paper):
    tag = tags.add_tag(session, boss, "Urgent")
    give(session, clerk, paper, "Urgent")

    tags.change_tag(
        session,
        boss,
        tag.id,
        name="At once",
        colour=TagColour.RED,
        is_shown_to_patients=False,
    )

    assert records.look_up(session, clerk, paper.id).tags == ("At once",)


def test_a_deleted_tag_is_gone_from_documents_and_it_is_said_from_how_many(
    session, boss, clerk, paper
):
    tag = tags.add_tag(session, boss, "Urgent")
    give(session, clerk, paper, "Urgent")

    assert tags.count_tagged(session, boss, tag.id) == 1
    assert tags.delete_tag(session, boss, tag.id) == 1

    assert records.look_up(session, clerk, paper.id).tags == ()
    assert session.scalar(select(Document.tags)) == []
    (event,) = events_of(session, Action.TAG_DELETE)
    assert event.details == {"name": "Urgent", "documents": 1}
    with pytest.raises(NotFound):
        tags.delete_tag(session, boss, tag.id)


def test_lists_are_filtered_by_tags(session, boss, clerk, paper):
    file(session, clerk, title="Other")
    tags.add_tag(session, boss, "Urgent claim")
    give(session, clerk, paper, "Urgent claim")

    def listed(operator, value):
        return titles(session, clerk, where("tags", operator, value))

    assert listed(Operator.EQUAL, "urgent CLAIM") == ["Letter"]
    assert listed(Operator.CONTAINS, "claim") == ["Letter"]
    assert listed(Operator.NOT_EQUAL, "Urgent claim") == ["Other"]
    assert listed(Operator.EQUAL, "claim") == []
    assert listed(Operator.IS_EMPTY, "true") == ["Other"]


@pytest.mark.parametrize(
    "role", [Role.STAFF, Role.CLINICIAN, Role.ANALYST, Role.PATIENT]
)
def test_nobody_else_makes_changes_or_deletes_tags(session, boss, role):
    tag = tags.add_tag(session, boss, "Urgent")
    actor = cast.act_as_somebody(role)

    with pytest.raises(NotAllowed):
        tags.add_tag(session, actor, "Mine")
    with pytest.raises(NotAllowed):
        tags.change_tag(
            session,
            actor,
            tag.id,
            name="Mine",
            colour=TagColour.RED,
            is_shown_to_patients=True,
        )
    with pytest.raises(NotAllowed):
        tags.delete_tag(session, actor, tag.id)
    with pytest.raises(NotAllowed):
        tags.count_tagged(session, actor, tag.id)


def test_an_administrator_puts_no_tag_on_a_document(session, boss, paper):
    tags.add_tag(session, boss, "Urgent")

    with pytest.raises(NotAllowed):
        give(session, boss, paper, "Urgent")
