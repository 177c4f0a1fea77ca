"""Numbers, sizes and lists of known choices: how they are read and written."""

import pytest

from services.core.errors import InvalidInput
from services.documents.search.fields import FIELDS
from services.lists import criteria
from services.lists.criteria import Count, Criteria, Filter, Group, Operator
from services.lists.criteria.values import read

SIZES = {
    "2.5 MB": 2_500_000,
    "2,5mb": 2_500_000,
    "500 kB": 500_000,
    "1 GB": 10**9,
    "1000": 1000,
    "12 bytes": 12,
}


@pytest.mark.parametrize(("typed", "count"), SIZES.items(), ids=SIZES)
def test_a_size_is_read_as_people_write_it(typed, count):
    filter_ = Filter("filesize", Operator.GREATER_THAN, typed)

    assert read(FIELDS["filesize"], filter_) == (count,)


@pytest.mark.parametrize("typed", ["big", "-1", "1 TB", "1e3"])
def test_what_is_no_size_is_refused(typed):
    with pytest.raises(InvalidInput, match=r"for example 2\.5 MB"):
        read(FIELDS["filesize"], Filter("filesize", Operator.LESS_THAN, typed))


@pytest.mark.parametrize("typed", ["many", "-1", "1.5", "9999999999"])
def test_what_is_no_number_is_refused(typed):
    with pytest.raises(InvalidInput, match="whole number"):
        read(FIELDS["pages"], Filter("pages", Operator.EQUAL, typed))


def test_a_list_of_choices_knows_its_choices():
    field = FIELDS["findings"]

    assert Operator.CONTAINS not in field.operators
    assert read(field, Filter("findings", Operator.HAS, "Scripts")) == ("scripts",)
    with pytest.raises(InvalidInput, match="must be one of: encrypted"):
        read(field, Filter("findings", Operator.HAS, "poetry"))


SAID = {
    "pages": ("pages", Operator.GREATER_THAN, "3", "whose number of pages is over 3"),
    "some": ("pages", Operator.IN, ("1", "2"), "whose number of pages is 1 or 2"),
    "pages between": (
        "pages",
        Operator.BETWEEN,
        ("2", "5"),
        "whose number of pages is between 2 and 5",
    ),
    "sizes between": (
        "filesize",
        Operator.BETWEEN,
        ("2,5 MB", "1 GB"),
        "whose file size is between 2.5 MB and 1 GB",
    ),
    "size": ("filesize", Operator.LESS_THAN, "2 MB", "whose file size is under 2 MB"),
    "type": ("document_type", Operator.EQUAL, "lab_report", "whose type is lab report"),
    "held": ("held", Operator.EQUAL, "true", "under legal hold"),
    "unfiled": ("unfiled", Operator.EQUAL, "false", "filed under a patient"),
    "filed": ("created_at", Operator.EQUAL, "2026-01-31", "filed on 31 January 2026"),
    "findings": (
        "findings",
        Operator.HAS,
        "launch",
        "examined and found to have launch actions",
    ),
}


@pytest.mark.parametrize("case", SAID.values(), ids=SAID)
def test_a_list_of_documents_is_said_in_words(case):
    *condition, said = case
    shown = Criteria(Group(members=(Filter(*condition),)), archived=True)

    sentence = criteria.sentence(
        shown,
        FIELDS,
        Count(2),
        noun=("document", "documents"),
        archived="deleted",
    )
    assert sentence == f"2 deleted documents {said}"
