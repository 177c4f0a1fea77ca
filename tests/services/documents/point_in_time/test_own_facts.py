"""Tags and fields of an earlier time come back as far as the clinic still has them."""

from dataclasses import replace

import pytest
from sqlalchemy import select, text

from db.models.audit import AuditEvent
from services.core.actors import Role
from services.documents import fields, point_in_time, records, tags
from services.documents.fields import FieldDefinition, FieldKind
from services.documents.point_in_time import DocumentChange, DocumentCopy
from services.documents.records.drafts import ChangedDocument
from services.documents.tags import TagColour
from tests.kit import cast
from tests.services.documents.records.samples import content, file

REASON = "Emptied the wrong letter"
BY_HAND = """
WITH versions AS (DELETE FROM document_versions WHERE document_id = :id),
filled AS (DELETE FROM document_field_values WHERE document_id = :id)
DELETE FROM documents WHERE id = :id
"""


class Clinic:
    """A clinic with one document, which has a tag and a filled-in field."""

    def __init__(self, session, clerk, patient):
        self.session, self.clerk = session, clerk
        self.boss = cast.add_actor(session, Role.ADMIN)
        self.lab, self.paid = self.add_tag("Lab"), self.add_tag("Paid")
        self.dose = self.add_field("Dose", FieldKind.NUMBER)
        self.ward = self.add_field("Ward", choices=("East", "West"))
        self.paper = file(session, clerk, of=patient, title="Letter")
        self.describe(tags=("Lab",), fields={"dose": 12.5, "ward": "East"})
        [self.then] = self.listed(patient).documents
        self.of_then = self.listed(patient).defined

    def add_tag(self, name):
        return tags.add_tag(self.session, self.boss, name)

    def add_field(self, name, kind=FieldKind.CHOICE, **said):
        definition = FieldDefinition(name, **said)
        return fields.add_field(self.session, self.boss, kind, definition)

    def rename(self, tag, name):
        given = {"name": name, "colour": TagColour.RED, "is_shown_to_patients": False}
        return tags.change_tag(self.session, self.boss, tag.id, **given)

    def listed(self, patient):
        return point_in_time.list_documents(self.session, self.clerk, patient.id)

    def describe(self, **changes):
        now = records.look_up(self.session, self.clerk, self.paper.id)
        wanted = replace(ChangedDocument.of(now), **changes)
        return records.change(
            self.session, self.clerk, now.id, wanted, revision=now.revision
        )

    def empty(self):
        return self.describe(tags=(), fields={})

    def compare(self):
        [compared] = point_in_time.compare_today(
            self.session, self.clerk, [self.then], self.of_then
        )
        return compared

    def bring_back(self):
        compared = self.compare()
        copy = DocumentCopy(
            self.then,
            compared.today.revision if compared.today else None,
            None,
            REASON,
            content() if point_in_time.needs_content(compared) else None,
            self.of_then,
        )
        return point_in_time.bring_back(self.session, self.clerk, copy)


@pytest.fixture
def clinic(session, clerk, patient):
    return Clinic(session, clerk, patient)


def test_what_was_emptied_is_filled_in_again_and_written_down(session, clinic):
    assert clinic.compare().change is DocumentChange.SAME
    clinic.empty()
    assert clinic.compare().change is DocumentChange.DESCRIBED

    brought = clinic.bring_back()

    assert brought.tags == ("Lab",)
    assert brought.fields == {"dose": 12.5, "ward": "East"}
    changed = session.scalars(
        select(AuditEvent.details)
        .where(AuditEvent.action == "document:change")
        .order_by(AuditEvent.position.desc())
    ).first()["changed"]
    assert changed.keys() == {"tags", "custom_fields.dose", "custom_fields.ward"}
    assert clinic.compare().change is DocumentChange.SAME


def test_one_that_is_gone_is_filed_with_what_it_had(session, clinic):
    # Since then a field has become required that nobody asked for then.
    clinic.add_field("Copy", FieldKind.FLAG, is_required=True)
    session.execute(text(BY_HAND), {"id": clinic.paper.id})

    brought = clinic.bring_back()

    assert (brought.id, brought.tags) == (clinic.paper.id, ("Lab",))
    assert brought.fields == {"dose": 12.5, "ward": "East"}
    assert clinic.compare().change is DocumentChange.SAME


def test_a_renamed_tag_is_the_same_tag(clinic):
    clinic.rename(clinic.lab, "Laboratory")
    assert clinic.compare().change is DocumentChange.SAME
    clinic.empty()

    assert clinic.bring_back().tags == ("Laboratory",)
    assert clinic.compare().own.lost == ()


def test_what_the_clinic_has_no_more_is_named_and_does_not_come_back(session, clinic):
    tags.delete_tag(session, clinic.boss, clinic.lab.id)
    fields.archive_field(session, clinic.boss, clinic.dose.id)
    clinic.empty()

    brought = clinic.bring_back()

    assert (brought.tags, brought.fields) == ((), {"ward": "East"})
    compared = clinic.compare()
    assert compared.own.lost == ("Lab", "Dose")
    assert compared.change is DocumentChange.SAME


def test_a_choice_that_is_none_any_more_leaves_what_is_there(session, clinic):
    clinic.describe(fields={"ward": "West"})
    definition = FieldDefinition("Ward", choices=("West", "North"))
    fields.change_field(session, clinic.boss, clinic.ward.id, definition)

    assert clinic.bring_back().fields == {"dose": 12.5, "ward": "West"}
    assert clinic.compare().own.lost == ("Ward",)


def test_what_came_with_tags_and_fields_of_later_stays(clinic):
    later = clinic.add_tag("Later")
    clinic.add_field("Floor", FieldKind.TEXT)
    clinic.describe(tags=(later.name, "Paid"), fields={"floor": "2"})

    brought = clinic.bring_back()

    # Somebody could have added the other one then, and had not.
    assert brought.tags == ("Lab", "Later")
    assert brought.fields == {"dose": 12.5, "ward": "East", "floor": "2"}


def test_what_is_needed_today_stays_filled_in(session, clinic):
    clinic.describe(fields={"dose": 1})
    clinic.then = replace(clinic.then, fields={"ward": "East"})
    definition = FieldDefinition("Dose", is_required=True)
    fields.change_field(session, clinic.boss, clinic.dose.id, definition)

    assert clinic.bring_back().fields == {"dose": 1, "ward": "East"}
