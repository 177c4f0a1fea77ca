"""Small files that grow: they cost a second or two, and nobody else anything."""

import io
from functools import partial

import pytest

from services.pdf.inspecting import PdfInspector, Unreadable
from tests.kit.waiting import in_time
from tests.services.pdf import samples

AS_EVER = samples.letter("As ever")


@pytest.fixture(autouse=True)
def everybody_else_is_served(inspector):
    """Inspect a plain letter after each test."""
    yield
    assert inspector.examine(io.BytesIO(AS_EVER)).text == ("As ever",)


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (partial(samples.many_pages, 5), "more than 10,000 pages"),
        (partial(samples.many_pages, 9), "none of its pages"),
        (partial(samples.wide_tree, 10_001), "more than 10,000 pages"),
        (partial(samples.nested_forms, 40), "breaks the reader"),
        (partial(samples.inflating, 3 * samples.GIGABYTE), "breaks the reader"),
    ],
    ids=[
        "a hundred thousand pages in a kilobyte",
        "a thousand million pages",
        "one page too many",
        "drawings that draw drawings",
        "gigabytes of spaces",
    ],
)
def test_it_is_refused_in_words(inspector, make, reason):
    data = make()
    assert len(data) < 2 * 1024 * 1024

    with pytest.raises(Unreadable, match=reason):
        inspector.examine(io.BytesIO(data))


@pytest.mark.parametrize(
    "make",
    [
        partial(samples.nested, 1_000_000),
        samples.giant_picture,
        partial(samples.wide_tree, 5_000),
    ],
    ids=["arrays in arrays", "a picture of 60,000 x 60,000", "five thousand pages"],
)
def test_it_is_read_like_any_other(inspector, make):
    data = make()
    assert inspector.examine(io.BytesIO(data)).pages
    assert inspector.render(io.BytesIO(data), 1, width=200)


def test_time_is_limited(inspector):
    impatient = PdfInspector(seconds=0.5)
    try:
        with pytest.raises(Unreadable, match="takes it too long"):
            in_time(lambda: impatient.examine(io.BytesIO(samples.nested_forms(40))))
    finally:
        impatient.close()
