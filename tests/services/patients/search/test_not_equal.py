"""A patient with an empty field has not this value either, whatever field that is."""

import pytest

from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients import search
from services.patients.search.fields import PATIENTS
from tests.kit import cast

TYPED = {
    "date_of_birth": "1901-01-01",
    "deceased_on": "1901-01-01",
    "age": "111",
    "medication_count": "9",
    "birth_year": "1901",
    "phone_number": "+441632960999",
    "email": "zzz@example.org",
    "created_at": "2001-01-01",
    "updated_at": "2001-01-01",
    "last_visit": "2001-01-01",
    "next_visit": "2001-01-01",
    "record_number": "47TXZF",
    "id": "0198c0de-1427-7000-8000-000000000002",
    "uuid": "0198c0de-1427-7000-8000-000000000002",
    "sex": "male",
}
FIELDS = [
    field for field in PATIENTS.fields.values() if Operator.NOT_EQUAL in field.operators
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_patient_with_nothing_in_a_field_counts_as_not_equal(session, field):
    clinician = cast.add_actor(session, cast.DORA)
    bare = cast.add_patient(
        session,
        email=None,
        phone_number=None,
        address=None,
        emergency_contact=None,
        allergies=[],
        medical_history=[],
        current_medications=[],
    )
    cast.have_treated(session, clinician, bare.id)
    condition = Filter(field.name, Operator.NOT_EQUAL, TYPED.get(field.name, "zzz"))

    page = search.list_patients(
        session, clinician, Criteria(Group(members=(condition,)))
    )

    assert [row.id for row in page.rows] == [bare.id]
