"""A document with an empty field has not this value either, whatever field that is."""

import pytest

from services.documents.search.fields import DOCUMENTS
from services.lists.criteria import Operator
from tests.services.documents.search.samples import filed, titles, where

TYPED = {
    "dated_on": "2020-01-01",
    "deleted_at": "2020-01-01",
    "created_at": "2020-01-01",
    "updated_at": "2020-01-01",
    "pages": "77",
    "filesize": "77 KB",
    "uuid": "0198c0de-1427-7000-8000-000000000002",
    "patient_id": "0198c0de-1427-7000-8000-000000000002",
    "id": "0198c0de-1427-7000-8000-000000000002",
    "tags": "Unheard of",
    "findings": "javascript",
}
FIELDS = [
    field
    for field in DOCUMENTS.fields.values()
    if Operator.NOT_EQUAL in field.operators
]


@pytest.mark.parametrize("field", FIELDS, ids=lambda field: field.name)
def test_a_document_with_nothing_in_a_field_counts_as_not_equal(session, clerk, field):
    filed(session, clerk, "Bare")
    other = [choice for choice in field.choices if choice != "other"]
    typed = other[-1] if other else TYPED.get(field.name, "zzz")

    criteria = where(field.name, Operator.NOT_EQUAL, typed)

    assert titles(session, clerk, criteria) == ["Bare"]
