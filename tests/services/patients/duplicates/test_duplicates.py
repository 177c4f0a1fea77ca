"""Likely duplicates are found among the records, whichever field gives them away."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import func, insert, update

from db.models.patient import Patient
from services.core.actors import Role
from services.core.errors import NotAllowed
from services.patients.duplicates import duplicates
from services.patients.duplicates.scores import LIKELY
from services.patients.records import patients
from tests.kit import cast
from tests.kit.cast import ADA, GRACE, ada


def duplicate_ids(session, actor, draft, **options):
    candidates = duplicates.find_duplicates(session, actor, draft, **options)
    return [candidate.patient.id for candidate in candidates]


UNREACHABLE = {"phone_number": None, "email": None}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        UNREACHABLE,
        UNREACHABLE | {"first_name": "Adah"},
        UNREACHABLE | {"first_name": "Lovelace", "last_name": "Ada"},
        UNREACHABLE | {"last_name": "LÓVELACE"},
        UNREACHABLE | {"last_name": "King"},
        UNREACHABLE | {"date_of_birth": date(1980, 5, 18)},
        {"date_of_birth": date(1955, 1, 1), "email": "ADA@EXAMPLE.ORG"},
        {"date_of_birth": date(1955, 1, 1), "email": None},
        {"date_of_birth": date(1955, 1, 1), "phone_number": None},
    ],
    ids=str,
)
def test_a_duplicate_is_found_whatever_differs(session, clerk, patient, changes):
    assert duplicate_ids(session, clerk, ada(**changes)) == [patient.id]


def test_exchanged_day_and_month_are_found(session, clerk, today):
    born, typed = date(1980, 5, 6), date(1980, 6, 5)
    on_file = patients.register(session, clerk, ada(date_of_birth=born), today=today)

    draft = ada(date_of_birth=typed, **UNREACHABLE)

    assert duplicate_ids(session, clerk, draft) == [on_file.id]


def test_a_stranger_is_not_offered(session, clerk, patient):
    stranger = replace(GRACE, date_of_birth=ADA.date_of_birth, address=None)

    assert duplicate_ids(session, clerk, stranger) == []


def test_an_edit_that_makes_a_duplicate_finds_the_older_and_the_newer(
    session, clerk, today, patient
):
    other = ada(first_name="Byron", last_name="King", date_of_birth=date(1955, 1, 1))
    edited, newer = (
        patients.register(session, clerk, draft, today=today) for draft in (other, ADA)
    )

    candidates = duplicate_ids(session, clerk, ADA, excluding=edited.id)

    assert sorted(candidates) == sorted([patient.id, newer.id])


def test_a_record_is_no_duplicate_of_itself(session, clerk, patient):
    assert duplicate_ids(session, clerk, ADA, excluding=patient.id) == []


def test_the_likeliest_comes_first_with_score_and_reasons(
    session, clerk, today, patient
):
    patients.register(session, clerk, ada(first_name="Byron", sex="male"), today=today)

    likeliest, sibling = duplicates.find_duplicates(session, clerk, ADA)

    assert (likeliest.patient, likeliest.score) == (patient.identity(), 100)
    assert "same phone" in likeliest.reasons
    assert sibling.score < LIKELY
    assert "possibly twins" in sibling.reasons


def test_an_archived_record_is_offered_and_says_so(session, clerk, patient):
    patients.archive(session, clerk, patient.id, version=1)
    unreachable = ada(**UNREACHABLE)

    (candidate,) = duplicates.find_duplicates(session, clerk, unreachable)

    assert candidate.patient.is_archived
    assert candidate.reasons[-1] == "archived"


def test_a_record_that_was_merged_away_is_never_offered(session, clerk, today, patient):
    kept = patients.register(session, clerk, ADA, today=today)
    merged = {"deleted_at": func.now(), "merged_into_id": kept.id}
    session.execute(update(Patient).where(Patient.id == patient.id).values(merged))

    assert duplicate_ids(session, clerk, ADA) == [kept.id]


def test_a_namesake_is_found_even_where_thousands_share_the_day(session, clerk, today):
    crowd = {"last_name": "Doe", "date_of_birth": ADA.date_of_birth}
    session.execute(
        insert(Patient), [crowd | {"first_name": f"N{n}"} for n in range(4_100)]
    )
    newest = patients.register(session, clerk, ADA, today=today)

    assert duplicate_ids(session, clerk, ada(**UNREACHABLE))[0] == newest.id


def test_nobody_is_shown_more_than_they_would_read(session, clerk, today):
    for _ in range(7):
        patients.register(session, clerk, ADA, today=today)

    assert len(duplicates.find_duplicates(session, clerk, ADA)) == 5


def test_a_name_cannot_smuggle_anything_into_the_query(session, clerk, patient):
    hostile = ada(first_name="%_'; DROP TABLE patients; --", last_name=":name")

    assert duplicate_ids(session, clerk, hostile) == [patient.id]


@pytest.mark.parametrize("role", [Role.PATIENT, Role.ANALYST, Role.ADMIN])
def test_only_who_may_open_records_is_shown_candidates(session, role):
    with pytest.raises(NotAllowed):
        duplicates.find_duplicates(session, cast.act_as_somebody(role), ADA)
