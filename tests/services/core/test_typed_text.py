"""Text that people type: what is kept of a line, and which lines are refused."""

import pytest

from services.core.errors import InvalidInput
from services.core.sentences import Sentence
from services.core.typed_text import read_line, tidy_line


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (" Two \t words\n", "Two words"),
        ("Zoe\u0308", "Zoë"),
        ("\ufeffLetter.pdf", "Letter.pdf"),
        ("Ur\u00adgent\u200b", "Urgent"),
        ("\u200e06/05/2026", "06/05/2026"),
        ("A\u202eB\u202c", "AB"),
        ("علی\u200cپور", "علی\u200cپور"),
        ("\u200d \u202e", ""),
    ],
    ids=[
        "gaps",
        "composed",
        "byte order mark",
        "soft hyphen",
        "mark of direction",
        "turned round",
        "joiner",
        "nothing visible",
    ],
)
def test_a_line_reads_as_it_is_kept(typed, kept):
    assert tidy_line(typed) == read_line("name", typed, 60) == kept


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("x" * 61, "Name is too long; shorten it to 60 characters."),
        ("a\0b", "Name contains a character that cannot be shown."),
        ("a\ud800b", "Name contains a character that cannot be shown."),
        ("a\ue000b", "Name contains a character that cannot be shown."),
    ],
    ids=["long", "NUL", "half of a character", "private use"],
)
def test_a_line_that_cannot_be_kept_or_shown_is_refused(typed, said):
    with pytest.raises(InvalidInput) as refusal:
        read_line("name", typed, 60)

    assert str(refusal.value) == said


def test_a_refused_line_is_called_by_its_label():
    with pytest.raises(InvalidInput, match="Room is too long") as refusal:
        read_line("room", "x" * 51, 50, Sentence("Room"))

    assert refusal.value.property_name == "room"
