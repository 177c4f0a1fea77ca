"""Nothing that a program can send breaks the API."""

from string import ascii_letters

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from services.core.actors import Role
from services.lists.criteria import Operator
from services.patients.search.fields import FIELDS
from tests.api.conftest import ADA

_fuzzed = settings(
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_text = st.text(max_size=30)
_date = st.dates().map(str)
# JSON cannot express numbers that are not finite.
_numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
_json = st.recursive(
    st.none() | st.booleans() | _numbers | _text,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture
def physician(as_role):
    """A client of somebody who may filter by every field."""
    return as_role(Role.CLINICIAN)


@_fuzzed
@given(
    parameters=st.fixed_dictionaries(
        {
            "0_field": st.sampled_from(sorted(FIELDS)) | _text,
            "0_operator": st.sampled_from(list(Operator)) | _text,
            "0_value": _text | _date | st.integers().map(str) | st.uuids().map(str),
        },
        optional={
            "search": _text,
            "orderBy": st.sampled_from(sorted(FIELDS)) | _text,
            "page": st.integers().map(str),
        },
    )
)
def test_asvs_1_2_4_no_question_breaks_a_list(physician, parameters):
    for path in ("/patient-register", "/api/v1/patients"):
        assert physician.get(path, params=parameters).status_code in {200, 400}


@_fuzzed
@given(
    field=st.sampled_from([*ADA, "sex", "address", "medical_history", "x"]),
    value=_json | st.text(ascii_letters, max_size=300) | _date,
)
def test_no_patient_breaks_the_register(client, field, value):
    sent = ADA | {field: value}

    assert client.post("/patient-register", sent).status_code in {200, 400}
    assert client.post("/api/v1/patients", sent).status_code in {201, 400}


_ELEMENTS = ("name", "telecom", "birthDate", "gender", "address", "contact", "active")


@_fuzzed
@given(element=st.sampled_from(_ELEMENTS), value=_json | _date)
def test_no_resource_breaks_the_register(client, element, value):
    patient = {
        "resourceType": "Patient",
        "name": [{"family": "Lovelace", "given": ["Ada"]}],
        "birthDate": "1980-05-17",
        "telecom": [{"system": "phone", "value": "01632 960123"}],
    }
    headers = {"Content-Type": "application/fhir+json"}

    answer = client.post("/fhir/Patient", patient | {element: value}, headers=headers)

    assert answer.status_code in {201, 400}


@_fuzzed
@given(body=st.binary(max_size=200))
@example(body=b'{"first_name": Infinity}')
def test_no_bytes_break_the_register(client, body):
    headers = {"Content-Type": "application/json"}

    answer = client.ask("POST", "/patient-register", content=body, headers=headers)

    assert answer.status_code == 400
