"""Whom a clinician's own role reaches, and that it cannot change that."""

from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any
from uuid import uuid4

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege

from db.endpoints import Endpoints
from tests.conftest import owner
from tests.db.rules.trying import TAKE_ON

DORA, COLLEAGUE = str(uuid4()), str(uuid4())
_CARE = """
INSERT INTO care_relationships (clinician_id, patient_id, ended_at)
VALUES (%s, %s, {ended})
"""
_GLASS = """
INSERT INTO break_glass_accesses (clinician_id, patient_id, reason, expires_at)
VALUES (%s, %s, 'She is unconscious.', now() + interval '{lasts}')
"""
CASES = {
    "treated": (_CARE.format(ended="NULL"), DORA, True),
    "treated until lately": (_CARE.format(ended="now()"), DORA, False),
    "treated by a colleague": (_CARE.format(ended="NULL"), COLLEAGUE, False),
    "broken open": (_GLASS.format(lasts="1 hour"), DORA, True),
    "broken open long ago": (_GLASS.format(lasts="-1 second"), DORA, False),
    "broken open by a colleague": (_GLASS.format(lasts="1 hour"), COLLEAGUE, False),
    "nobody's": (None, DORA, False),
}


class Clinic:
    """A clinic's database, arranged by its owner and then used by a role."""

    def __init__(self, endpoints: Endpoints) -> None:
        self._owner = psycopg2.connect(owner(endpoints))
        self._owner.autocommit = True
        self._app = psycopg2.connect(endpoints.database_url)

    def arrange(self, statement: str, *values: object) -> Any:
        """Run a statement as the owner; return the first value of its first row."""
        with self._owner.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchone()[0] if cursor.description else None

    def patient(self) -> str:
        """Register a patient."""
        return str(
            self.arrange(
                "INSERT INTO patients (first_name, last_name, date_of_birth, allergies)"
                " VALUES ('Ann', 'Example', '1990-01-01', '{Nuts}') RETURNING id"
            )
        )

    def as_role(
        self, role: str, statement: str, *values: object, user: str = DORA
    ) -> list[tuple[Any, ...]]:
        """Run a statement as a role and commit it; return its rows."""
        with self._app, self._app.cursor() as cursor:
            cursor.execute(TAKE_ON, [f"chartroom_{role}", user, ""])
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def notices(self) -> list[str]:
        """Return PostgreSQL's notices."""
        return list(self._app.notices)

    def close(self) -> None:
        """Close both connections."""
        self._owner.close()
        self._app.close()


@pytest.fixture(scope="module")
def clinic(module_endpoints: Endpoints) -> Iterator[Clinic]:
    with closing(Clinic(module_endpoints)) as clinic:
        for user in (DORA, COLLEAGUE):
            clinic.arrange(
                "INSERT INTO users (id, name, role) VALUES (%s, 'X', 'clinician')", user
            )
        yield clinic


@pytest.fixture
def patient(clinic: Clinic) -> str:
    """A patient whom nobody treats."""
    return clinic.patient()


def _is_seen(clinic: Clinic, patient: str) -> bool:
    (seen,) = clinic.as_role(
        "clinician", "SELECT count(*) FROM patients WHERE id = %s", patient
    )
    return seen == (1,)


@pytest.mark.parametrize(("arranged", "who", "is_seen"), CASES.values(), ids=CASES)
def test_a_clinician_sees_whom_they_treat_and_what_they_broke_open(
    clinic: Clinic, patient: str, arranged: str | None, who: str, is_seen: bool
):
    if arranged is not None:
        clinic.arrange(arranged, who, patient)

    assert _is_seen(clinic, patient) is is_seen
    changed = clinic.as_role(
        "clinician",
        "UPDATE patients SET address = 'x' WHERE id = %s RETURNING id",
        patient,
    )
    assert bool(changed) is is_seen


@pytest.mark.parametrize("who", [DORA, COLLEAGUE], ids=["oneself", "a colleague"])
@pytest.mark.parametrize("case", ["nobody's", "broken open"])
def test_nobody_is_given_a_patient_by_who_does_not_treat_them(
    clinic: Clinic, patient: str, case: str, who: str
):
    if arranged := CASES[case][0]:
        clinic.arrange(arranged, DORA, patient)

    with pytest.raises(InsufficientPrivilege):
        clinic.as_role("clinician", CASES["treated"][0], who, patient)


def test_nobody_is_invited_by_who_does_not_treat_them(clinic: Clinic, patient: str):
    clinic.arrange(CASES["broken open"][0] or "", DORA, patient)
    user = clinic.arrange(
        "INSERT INTO users (name, role, patient_id) VALUES ('Ann', 'patient', %s) "
        "RETURNING id",
        patient,
    )
    invite = (
        "INSERT INTO invitations (user_id, token_hash, expires_at) "
        "VALUES (%s, uuid_send(gen_random_uuid()), now())"
    )
    for attempt in (
        "INSERT INTO users (name, role, patient_id) VALUES ('Ann', 'patient', %s)",
        "UPDATE users SET email = 'me@example.org' WHERE patient_id = %s RETURNING id",
    ):
        with suppress(InsufficientPrivilege):
            assert clinic.as_role("clinician", attempt, patient) == []
    with pytest.raises(InsufficientPrivilege):
        clinic.as_role("clinician", invite, user)

    clinic.arrange(CASES["treated"][0] or "", DORA, patient)

    clinic.as_role("clinician", invite, user)
    assert (
        clinic.arrange("SELECT count(*) FROM users WHERE email = 'me@example.org'") == 0
    )


def test_who_treats_a_patient_brings_in_colleagues_and_may_leave(
    clinic: Clinic, patient: str
):
    clinic.arrange(CASES["treated"][0], DORA, patient)
    clinic.as_role("clinician", CASES["treated"][0], COLLEAGUE, patient)

    ended = clinic.as_role(
        "clinician",
        "UPDATE care_relationships SET ended_at = now() "
        "WHERE patient_id = %s AND clinician_id = %s RETURNING id",
        patient,
        DORA,
    )

    assert len(ended) == 1
    assert not _is_seen(clinic, patient)


@pytest.mark.parametrize("lasts", ["8 hours 1 minute", "10 years"])
def test_glass_stays_broken_for_eight_hours_at_most(
    clinic: Clinic, patient: str, lasts: str
):
    with pytest.raises(InsufficientPrivilege):
        clinic.as_role("clinician", _GLASS.format(lasts=lasts), DORA, patient)

    clinic.as_role("clinician", _GLASS.format(lasts="8 hours"), DORA, patient)


def test_glass_is_broken_in_ones_own_name_and_nobody_reviews_themselves(
    clinic: Clinic, patient: str
):
    with pytest.raises(InsufficientPrivilege):
        clinic.as_role("clinician", _GLASS.format(lasts="1 hour"), COLLEAGUE, patient)
    with pytest.raises(InsufficientPrivilege):
        clinic.as_role(
            "clinician",
            "UPDATE break_glass_accesses SET reviewed_at = now(), reviewed_by = %s",
            DORA,
        )


def test_a_function_of_the_intruders_own_is_shown_nobody_else(
    clinic: Clinic, patient: str
):
    clinic.arrange(CASES["treated"][0], DORA, patient)
    stranger = clinic.patient()
    peek = (
        "CREATE FUNCTION pg_temp.peek(uuid) RETURNS bool LANGUAGE plpgsql "
        "COST 0.0000001 AS 'BEGIN RAISE NOTICE ''%%'', $1; RETURN true; END'"
    )

    clinic.as_role("clinician", f"{peek}; SELECT FROM patients WHERE pg_temp.peek(id)")

    said = " ".join(clinic.notices())
    assert patient in said
    assert stranger not in said


def test_new_terms_are_noted_for_those_who_may_not_note_them(
    clinic: Clinic, patient: str
):
    term = f"Term {uuid4()}"

    clinic.as_role(
        "staff", "UPDATE patients SET allergies = %s WHERE id = %s", [term], patient
    )

    assert clinic.as_role(
        "staff", "SELECT term FROM clinical_terms WHERE term = %s", term
    )
