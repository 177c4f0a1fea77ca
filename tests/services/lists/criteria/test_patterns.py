"""Patterns that match nothing but the text they are made of."""

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st
from sqlalchemy import text

from services.lists.criteria.patterns import beginning_a_word, containing

signs = st.text("ab%_\\[](){}.*+?|^$-'/ é", max_size=6)
on_the_server = settings(
    max_examples=60,
    # The session is only read from; no example leaves anything for the next.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@on_the_server
@given(whole=signs, part=signs)
def test_a_text_contains_another_exactly_when_the_pattern_says_so(session, whole, part):
    statement = text("SELECT :whole LIKE :pattern")

    is_like = session.scalar(statement, {"whole": whole, "pattern": containing(part)})

    assert is_like == (part in whole)


@on_the_server
@given(beginning=signs)
def test_a_word_begins_with_whatever_it_begins_with(session, beginning):
    statement = text("SELECT :name ~ :pattern")

    matches = session.scalar(
        statement, {"name": f"x {beginning}y", "pattern": beginning_a_word(beginning)}
    )

    assert matches


@pytest.mark.parametrize(
    "name", ["smith-jones", "o'jones", "j jones", "jones", "(jones"]
)
def test_a_word_begins_after_a_blank_a_hyphen_or_an_apostrophe(session, name):
    statement = text("SELECT :name ~ :pattern")

    assert session.scalar(statement, {"name": name, "pattern": beginning_a_word("jo")})
    assert not session.scalar(
        statement, {"name": name, "pattern": beginning_a_word("nes")}
    )
