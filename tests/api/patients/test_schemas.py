"""The fields of a patient that programs send and see are the patient's fields."""

from dataclasses import dataclass
from typing import Annotated

from api.core.answers import FromAttribute, Shown
from api.patients.schemas import PatientBody, PatientShown
from services.patients.records.model import FIELDS, PatientDraft
from services.patients.search import fields
from services.patients.search.visibility import NAMED
from tests.kit import cast

TYPED = cast.body_of(cast.ADA)


def test_every_field_can_be_sent_and_is_shown():
    assert list(PatientBody.model_fields) == list(FIELDS)
    assert FIELDS.keys() <= PatientShown.model_fields.keys()


def test_every_field_can_be_asked_about_and_is_exported():
    assert FIELDS.keys() <= fields.FIELDS.keys()
    assert FIELDS.keys() <= set(NAMED.exported)


def test_every_field_that_is_left_out_is_as_in_a_draft():
    body = PatientBody.model_validate(TYPED)

    draft = body.draft()

    assert draft == PatientDraft(**cast.identity_of(cast.ADA))


@dataclass(frozen=True)
class _Person:
    id: int
    name: str
    nearest: "_Person | None" = None


class _PersonShown(Shown):
    number: Annotated[int, FromAttribute("id")]
    name: str
    nearest: Annotated[str, FromAttribute("nearest.name")]
    initial: Annotated[str, FromAttribute(lambda person: person.name[0])]


def test_a_thing_is_shown_under_the_names_of_its_model():
    shown = _PersonShown.of(_Person(1, "Ada", _Person(2, "Byron")))

    assert shown == {"number": 1, "name": "Ada", "nearest": "Byron", "initial": "A"}
