"""Two texts side by side."""

import pytest

from services.core.comparing import ComparedPair, ComparedPart, Gap, Side, compare


def described(compared):
    """Return the differences, with the changed words in brackets."""
    return [
        f"{part.lines} equal"
        if isinstance(part, Gap)
        else (line(part.left), line(part.right))
        for part in compared
    ]


def line(side: Side | None) -> str:
    if side is None:
        return ""
    marked = [f"[{p.text}]" if p.is_changed else p.text for p in side.parts]
    return f"{side.page}: {''.join(marked)}"


def test_equal_texts_have_no_difference():
    assert described(compare(["one\ntwo"], ["one\n two "])) == ["2 equal"]


def test_a_changed_word_is_marked_on_both_sides():
    compared = compare(["Dose 5 mg daily"], ["Dose 50 mg daily"])

    assert described(compared) == [("1: Dose [5] mg daily", "1: Dose [50] mg daily")]


def test_a_line_that_only_one_text_has_stands_alone():
    compared = compare(["one\ntwo"], ["one\nnew\ntwo"])

    assert described(compared) == [
        ("1: one", "1: one"),
        ("", "1: [new]"),
        ("1: two", "1: two"),
    ]


def test_what_is_equal_is_left_out_but_for_two_lines_around():
    many = "\n".join(f"line {number}" for number in range(10))

    compared = compare([f"{many}\nold"], [f"{many}\nnew"])

    assert described(compared) == [
        "8 equal",
        ("1: line 8", "1: line 8"),
        ("1: line 9", "1: line 9"),
        ("1: [old]", "1: [new]"),
    ]


def test_a_line_that_moved_to_another_page_is_no_difference():
    compared = compare(["one", "two\nthree"], ["one\ntwo", "three"])

    assert not [
        pair
        for pair in compared
        if isinstance(pair, ComparedPair) and not pair.is_equal
    ]


@pytest.mark.parametrize("pages", [[], [""], ["", " \n "]], ids=str)
def test_a_text_may_be_empty(pages):
    assert described(compare(pages, ["new"])) == [("", "1: [new]")]
    assert compare(pages, pages) == ()


def test_a_line_of_very_many_words_is_marked_as_a_whole():
    left, right = "a " * 300, "b " * 300

    (pair,) = compare([left], [right])

    assert pair.left == Side(1, (ComparedPart(left.strip(), is_changed=True),))
