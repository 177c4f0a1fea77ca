"""Nothing that a program can send about documents breaks the API."""

import pytest
from hypothesis import HealthCheck, example, given, settings, strategies as st

from services.documents.search.fields import FIELDS
from services.lists.criteria import Operator
from tests.api.document_samples import UPLOAD, pdf, upload

_fuzzed = settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
_text = st.text(max_size=30)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _text,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_text, inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(autouse=True)
def unlimited(monkeypatch):
    """Lift the limit of uploads for fuzzing."""
    monkeypatch.setattr(
        "services.core.actor_database.throttling.count_upload", lambda *_, **__: None
    )


@pytest.fixture(scope="module")
def page():
    return pdf("Fuzzed")


@_fuzzed
@given(
    facts=st.fixed_dictionaries(
        {},
        optional={
            "title": _text,
            "description": _text,
            "document_type": _text | st.just("lab_report"),
            "classification": _text | st.just("temporary"),
            "metadata": _text | _json.map(str),
            "patient_id": _text | st.uuids().map(str),
        },
    ),
    name=_text,
)
@example(facts={}, name="\u202efdp.exe\r\nX: y")
def test_no_fact_breaks_an_upload(client, page, facts, name):
    answer = upload(client, page, name, **facts)

    assert answer.status_code in {201, 400, 404}
    if answer.status_code == 201:
        path = f"/api/documents/{answer.json()['document']['id']}"
        assert client.get(path).content == page


@_fuzzed
@given(body=st.binary(max_size=300))
@example(body=b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n--x--")
@example(body=b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n')
def test_no_bytes_break_an_upload(client, body):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}

    answer = client.ask("POST", UPLOAD, content=body, headers=headers)

    assert answer.status_code == 400


@_fuzzed
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40))
@example(header="multipart/form-data; boundary=" + "x" * 5000)
@example(header="multipart/form-data; boundary=x; charset=utf-7")
def test_no_media_type_breaks_an_upload(client, header):
    headers = {"Content-Type": header}

    answer = client.ask("POST", UPLOAD, content=b"--x--", headers=headers)

    assert answer.status_code == 400


@_fuzzed
@given(
    parameters=st.fixed_dictionaries(
        {
            "0_field": st.sampled_from(sorted(FIELDS)) | _text,
            "0_operator": st.sampled_from(list(Operator)) | _text,
            "0_value": _text | st.integers().map(str) | st.uuids().map(str),
        },
        optional={
            "search": _text,
            "orderBy": st.sampled_from(sorted(FIELDS)) | _text,
            "page": st.integers().map(str),
        },
    )
)
def test_no_question_breaks_a_list(client, parameters):
    assert client.get("/api/documents", params=parameters).status_code in {200, 400}
