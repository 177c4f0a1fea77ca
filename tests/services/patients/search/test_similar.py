"""Names that resemble a search."""

from datetime import date

import pytest
from sqlalchemy import insert, text

from db.models.patient import Patient
from services.core.errors import NotAllowed
from services.patients import search
from services.patients.search import similar
from tests.kit import cast


@pytest.fixture
def people(session):
    """Four people, one of them archived."""
    for last, first, archived in [
        ("Müller", "Anna", False),
        ("Mueller", "Hanna", False),
        ("Smith", "John", False),
        ("Müller", "Anne", True),
    ]:
        cast.add_patient(
            session,
            last_name=last,
            first_name=first,
            deleted_at=date(2026, 1, 1) if archived else None,
        )


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("anna miller", ["Anna", "Hanna"]),
        ("Jon Smith", ["John"]),
        ("smiht jon", ["John"]),
        ("smyth", ["John"]),
        ("Schmith", ["John"]),
        ("100%", []),
        ("xyz", []),
        ("1980-01-01", []),
        ("", []),
    ],
)
def test_names_much_like_the_words_are_found_the_likest_first(
    session, clerk, typed, meant
):
    records = search.find_similar(session, clerk, typed)

    assert [row.first_name for row in records] == meant


@pytest.mark.usefixtures("people")
def test_no_more_are_offered_than_asked_for(session, clerk):
    assert len(search.find_similar(session, clerk, "anna mull", limit=1)) == 1


def test_looking_for_too_long_finds_nobody_and_breaks_nothing(
    session, clerk, monkeypatch
):
    monkeypatch.setattr(similar, "_LIMIT_MILLISECONDS", 1)
    anna = {"last_name": "M", "first_name": "Anna", "date_of_birth": date(1980, 1, 1)}
    session.execute(insert(Patient), [anna] * 5_000)

    assert search.find_similar(session, clerk, "anna m") == ()

    assert session.scalar(text("SELECT count(*) FROM patients")) == 5_000


def test_who_may_not_list_is_offered_nobody(session, admin):
    with pytest.raises(NotAllowed):
        search.find_similar(session, admin, "anna")
