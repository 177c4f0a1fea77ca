"""The words of a page and where they are drawn, however the file is made."""

import io

import pikepdf
import pytest
from PIL import Image

from services.pdf.inspecting import NeedsPassword, NoSuchPage, Unreadable
from tests.services.pdf import samples


def words_of(inspector, data, page=1):
    return inspector.words(io.BytesIO(data), page)


def said(page):
    return "".join(word.text + word.after for word in page.words).strip()


def ink(inspector, data):
    """Return the bounds of the ink on the first page, as fractions of its sides."""
    picture = inspector.render(io.BytesIO(data), 1, width=1000)
    drawn = Image.open(io.BytesIO(picture)).convert("L")
    left, top, right, bottom = drawn.point(lambda light: 255 - light).getbbox()
    return (
        left / drawn.width,
        top / drawn.height,
        right / drawn.width,
        bottom / drawn.height,
    )


def covered(words):
    """Return the bounds of all the words together."""
    return (
        min(word.left for word in words),
        min(word.top for word in words),
        max(word.left + word.width for word in words),
        max(word.top + word.height for word in words),
    )


def test_words_come_with_what_stands_between_them(inspector):
    letter = samples.letter("Dear Ada,\nall is well.", "Second")

    assert said(words_of(inspector, letter)) == "Dear Ada,\nall is well."
    assert said(words_of(inspector, letter, 2)) == "Second"
    assert words_of(inspector, samples.letter(" ")).words == ()


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("is_cropped", [False, True])
def test_words_lie_where_the_picture_shows_them(inspector, turned, is_cropped):
    def turn(pdf: pikepdf.Pdf) -> None:
        pdf.pages[0].Rotate = turned
        if is_cropped:
            pdf.pages[0].CropBox = pikepdf.Array([20, 400, 500, 830])

    data = samples.changed(turn)
    page = words_of(inspector, data)

    assert said(page) == "Dear Ada, all is well."
    assert (page.width > page.height) == ((turned in {90, 270}) != is_cropped)
    # Boxes have space above and below the letters, and a little at their sides.
    for box, drawn in zip(covered(page.words), ink(inspector, data), strict=True):
        assert box == pytest.approx(drawn, abs=0.03)


@pytest.mark.parametrize(
    ("unicode", "words"),
    [
        (b"D862DDC0", "A\U000289c0B"),
        (b"D862", "AB"),
        (b"DDC0D862", "AB"),
        (b"0041D862DDC00042", "AA\U000289c0BB"),
    ],
    ids=["rare letter", "half a letter", "wrong way round", "among others"],
)
def test_letters_beyond_the_first_65536_are_whole(inspector, unicode, words):
    assert said(words_of(inspector, samples.saying_in_unicode(unicode))) == words


def test_a_code_without_a_translation_hides_no_other_words(inspector):
    page = words_of(inspector, samples.saying_what_nothing_translates())

    assert said(page) == "a\N{REPLACEMENT CHARACTER}"


def test_a_word_parted_at_the_end_of_its_line_goes_on(inspector):
    words = words_of(inspector, samples.letter("exam\u00adination")).words

    assert "".join(word.text + word.after for word in words).strip() == "examination"


def test_a_page_of_nothing_but_words_ends_at_some_point(inspector):
    def fill(pdf: pikepdf.Pdf) -> None:
        line = b"(" + b"a " * 200 + b") Tj T* "
        font = b"BT /F1 2 Tf 2 TL 10 800 Td " + line * 100 + b"ET"
        pdf.pages[0].Contents = pdf.make_stream(font)

    page = words_of(inspector, samples.changed(fill))

    assert len(page.words) == 5_000
    assert {word.text for word in page.words} == {"a"}


def test_a_word_without_an_end_is_parted(inspector):
    words = words_of(inspector, samples.letter("x" * 700)).words

    assert all(len(word.text) <= 200 for word in words)


def test_words_outside_the_page_stay_at_its_edge(inspector):
    def shift(pdf: pikepdf.Pdf) -> None:
        text = b"BT /F1 14 Tf 5000 -5000 Td (far) Tj ET"
        pdf.pages[0].Contents = pdf.make_stream(text)

    for word in words_of(inspector, samples.changed(shift)).words:
        assert (word.left, word.top, word.width) == (1, 1, 0)


def test_odd_pages_are_refused_as_pictures_are(inspector):
    with pytest.raises(NoSuchPage):
        words_of(inspector, samples.letter(), 2)
    with pytest.raises(NeedsPassword):
        words_of(inspector, samples.locked())
    with pytest.raises(Unreadable):
        words_of(inspector, samples.with_lost_page())
