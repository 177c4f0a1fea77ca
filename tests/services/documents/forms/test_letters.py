"""Letters to several: what all have in common, what is each patient's, and for one."""

from dataclasses import replace
from datetime import date
from uuid import UUID

import pytest

from dashboard.ui.language.papers import wording_in
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.documents import forms
from services.documents.forms.letters import (
    AddresseeDied,
    Letters,
    shared_part,
    templates_for_several,
)
from tests.kit import cast
from tests.services.documents.forms.samples import ID, NOW, made, words_of

LETTER = forms.TEMPLATES["letter"]
WORDS = {"subject": "New hours", "message": "We open at 7 from May on."}
LETTERS = Letters(ID, NOW, LETTER, WORDS)


@pytest.fixture
def ada():
    return cast.make_record(cast.ada(address="12 Analytical Way"))


@pytest.mark.parametrize("role", [Role.STAFF, Role.CLINICIAN])
def test_what_is_written_to_several_asks_for_nothing_that_is_one_patients(role):
    known = templates_for_several(cast.act_as_somebody(role))

    assert set(known) == {"letter", "recall_letter", "referral_letter"}
    for template in known.values():
        shared_fields = shared_part(template).fields
        assert shared_fields
        assert not {"name", "date_of_birth", "allergies"} & {
            f.name for f in shared_fields
        }


@pytest.mark.parametrize("role", [Role.ANALYST, Role.ADMIN])
def test_who_files_nothing_writes_no_letters(role):
    with pytest.raises(NotAllowed):
        templates_for_several(cast.act_as_somebody(role))


def test_patients_write_none_to_several():
    assert not templates_for_several(cast.act_as_somebody(Role.PATIENT))


def test_each_is_addressed_by_name_in_words_that_are_the_same_for_all(ada):
    form = LETTERS.form_for(ada)

    text = " ".join(words_of(made(LETTER, form)))

    assert "Address 12 Analytical Way" in text
    assert f"Dear {ada.first_name} {ada.last_name}, We open at 7 from May on." in text
    # A letter has no headings between its lines.
    assert "Message" not in text
    assert "Salutation" not in text


def test_it_begins_in_the_words_of_its_language(ada):
    german = wording_in(None, "de")
    letters = replace(LETTERS, wording=german)

    said = letters.form_for(ada)["salutation"]
    referral = forms.TEMPLATES["referral_letter"].prefilled(ada, german)

    assert said == f"Guten Tag {ada.first_name} {ada.last_name},"
    assert letters.title == "Brief: New hours"
    assert "salutation" not in referral


def test_who_has_died_gets_none(ada):
    with pytest.raises(AddresseeDied):
        LETTERS.form_for(replace(ada, deceased_on=date(2026, 1, 1)))


def test_a_patients_letter_is_one_document_however_often_it_is_written(ada):
    other = UUID(int=1)

    assert LETTERS.document_id_for(ada.id) == LETTERS.document_id_for(ada.id)
    assert LETTERS.document_id_for(ada.id) != LETTERS.document_id_for(other)
    assert replace(LETTERS, id=other).document_id_for(ada.id) != (
        LETTERS.document_id_for(ada.id)
    )


@pytest.mark.parametrize(
    ("words", "title"),
    [(WORDS, "Letter: New hours"), ({"message": "x"}, "Letter")],
)
def test_it_is_called_by_its_subject(words, title):
    assert replace(LETTERS, words=words).title == title
