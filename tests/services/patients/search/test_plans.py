"""PostgreSQL's plans for lists of patients."""

import pytest
from sqlalchemy import text

from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.search import list_patients
from tests.kit import cast

_PLANNED = """
SELECT generic_plans, custom_plans FROM pg_prepared_statements
WHERE name LIKE 'prepared%' AND strpos(statement, 'FROM patients') > 0
"""
_BORN_LATE = Filter("date_of_birth", Operator.GREATER_THAN, "1980-01-01")


@pytest.fixture
def five(session, clerk):
    """Five patients, the third of whom is in the middle of their list."""
    for name in "ABCDE":
        cast.add_patient(session, last_name=name)
    return list_patients(session, clerk, Criteria()).rows


def _plans(session):
    return [tuple(row) for row in session.execute(text(_PLANNED))]


@pytest.mark.parametrize("end", ["first", "next", "previous", "last"])
def test_a_page_of_everybody_is_planned_once_for_a_connection(
    session, clerk, five, end
):
    at = {
        "first": {},
        "next": {"after": five[2].id},
        "previous": {"before": five[2].id},
        "last": {"last": True},
    }[end]
    session.execute(text("DEALLOCATE ALL"))
    session.connection().info.pop("chartroom.prepared", None)

    for _ in range(8):
        list_patients(session, clerk, Criteria(), size=2, **at)

    # With parameters it is planned five times, then a generic plan is used.
    ((generic, custom),) = _plans(session)
    assert custom <= 5
    assert generic >= 3


@pytest.mark.parametrize(
    "criteria",
    [Criteria(Group(members=(_BORN_LATE,))), Criteria(search="B")],
    ids=["filtered", "searched"],
)
def test_a_page_of_some_is_planned_for_what_is_given(session, clerk, five, criteria):
    session.execute(text("DEALLOCATE ALL"))
    session.connection().info.pop("chartroom.prepared", None)

    assert list_patients(session, clerk, criteria, size=2).rows

    assert _plans(session) == []
