"""A refusal stands for the constraint of that name, and for no other violation."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from db.postgres.violations import translate_violations, violated


class NumberTaken(Exception):
    """The number is taken."""


@pytest.fixture
def numbers(session: Session) -> Session:
    session.execute(
        text(
            "CREATE TEMPORARY TABLE numbers (number integer NOT NULL, "
            "CONSTRAINT numbers_once UNIQUE (number)) ON COMMIT DROP"
        )
    )
    add(session, 1)
    return session


def add(session: Session, number: int | None) -> None:
    session.execute(text("INSERT INTO numbers VALUES (:number)"), {"number": number})


def test_a_violation_becomes_its_refusal_and_the_transaction_goes_on(numbers):
    with (
        pytest.raises(NumberTaken) as refused,
        translate_violations(numbers, {"numbers_once": NumberTaken}),
    ):
        add(numbers, 1)

    # PostgreSQL's message quotes what was typed.
    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__
    assert numbers.scalars(text("SELECT number FROM numbers")).all() == [1]


@pytest.mark.parametrize("number", [1, None], ids=["unique", "not null"])
def test_a_violation_that_nothing_stands_for_is_raised_as_it_is(numbers, number):
    with (
        pytest.raises(IntegrityError) as failed,
        translate_violations(numbers, {"others_once": NumberTaken}),
    ):
        add(numbers, number)

    assert violated(failed.value) == ("numbers_once" if number else None)
