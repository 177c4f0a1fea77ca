"""Log positions are read, written and ordered as PostgreSQL does."""

import pytest
from hypothesis import given, strategies as st

from db.postgres import Lsn


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_every_position_survives_being_written_and_read(number):
    assert Lsn.parse(str(Lsn(number))) == number


@pytest.mark.parametrize(
    ("text", "number"),
    [("0/0", 0), ("0/16B3748", 0x16B3748), ("16/B374D848", 0x16_B374D848)],
)
def test_postgresql_spelling_is_read(text, number):
    assert Lsn.parse(text) == number
    assert str(Lsn(number)) == text


def test_a_higher_first_half_is_later_whatever_the_second_is():
    assert Lsn.parse("2/0") > Lsn.parse("1/FFFFFFFF")


@pytest.mark.parametrize(
    "text",
    ["", "/", "1", "1/", "/1", "x/y", "1/2/3", "-1/0", "0/100000000", "0/1_0"],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"log position|32 bits|literal"):
        Lsn.parse(text)
