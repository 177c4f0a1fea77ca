"""Reasons: what is kept of what somebody typed."""

import pytest

from services.core import reasons
from services.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  A letter \n of the court ", "A letter of the court"),
        ("Court \u202e order of May", "Court order of May"),
        ("A court\u200bs order", "A courts order"),
        ("علی\u200cپور wrote it", "علی\u200cپور wrote it"),
    ],
    ids=["one line", "no mark of direction", "nothing unseen", "a joiner"],
)
def test_a_reason_is_kept_on_one_line_that_reads_as_it_was_typed(typed, kept):
    assert reasons.read(typed) == kept


@pytest.mark.parametrize(
    "typed",
    ["too short", "\u200b" * reasons.SHORTEST, "\u202e" * 9 + "short"],
    ids=["few characters", "invisible ones", "marks of direction"],
)
def test_what_nobody_can_read_is_no_reason(typed):
    with pytest.raises(InvalidInput, match="at least 10 characters"):
        reasons.read(typed)


@pytest.mark.parametrize("typed", ["A court order\0", "A court order\ud800"])
def test_a_reason_that_cannot_be_stored_is_refused(typed):
    with pytest.raises(InvalidInput, match="cannot be stored"):
        reasons.read(typed)
