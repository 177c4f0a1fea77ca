"""Names and words of every script: drawn in the right letters, read back as typed."""

import unicodedata
from io import BytesIO

import pikepdf
import pypdfium2
import pytest

from services.documents import forms
from tests.services.documents.forms.samples import made, pages_of, record_form, words_of

NAMES = {
    "latin": "Zoë Łukasiewicz Ñandú Đặng Văn",
    "ligatures": "official final waffle",
    "greek": "Ελένη Παπαδοπούλου",
    "cyrillic": "Иван Щербаков",
    "arabic": "محمد بن عبد الرحمن",
    "arabic ligatures": "سلام علاء عبد الله الإسلام",
    "persian": "می‌خواهم گچپژ",
    "hebrew": "שלום דוד כהן",
    "devanagari": "राजेश श्रीवास्तव क्षत्रिय हिन्दी",
    "thai": "สมชาย ใจดี",
    "georgian": "გიორგი მაისურაძე",
    "chinese": "王小明 歐陽",
    "japanese": "山田太郎 アレルギー",
    "korean": "김철수 박영희",
    "symbols": "37.5 ℃ ≥ 5 µg ☐ ✓ → ½",
    "symbols of a phone": "☎\ufe0f ✔\ufe0f ❤\ufe0f",
}


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_the_words_of_a_name_are_read_back(name):
    read = _plain(" ".join(words_of(made(form=record_form(name=name)))))

    assert [word for word in _plain(name).split() if word not in read] == []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES.keys())
def test_nothing_invisible_is_read_between_the_letters(name):
    assert "\u2060" not in "".join(words_of(made(form=record_form(name=name))))


@pytest.mark.parametrize("text", NAMES.values(), ids=NAMES.keys())
def test_the_words_of_long_text_are_read_back(text):
    form = record_form(medical_information=" ".join([text] * 12))

    read = _plain("".join(words_of(made(form=form))))

    assert all(read.count(word) >= 12 for word in _plain(text).split())


def test_a_sentence_with_a_name_from_the_right_is_read_in_its_order():
    sentence = "Patient محمد علي takes 500 mg"

    assert sentence in pages_of(made(form=record_form(diagnosis=sentence)))[0]


def test_a_name_stays_whole_in_the_heading_of_later_pages():
    form = record_form(name="राजेश श्रीवास्तव", medical_information="Line.\n" * 80)

    assert "Medical record, राजेश श्रीवास्तव" in pages_of(made(form=form))[1]


def test_letters_from_the_right_begin_at_the_right():
    right = _first_place(made(form=record_form(diagnosis="حساسية")), "Diagnosis")
    left = _first_place(made(form=record_form(diagnosis="Rash")), "Diagnosis")

    assert right > left + 200


def test_only_the_fonts_that_are_needed_are_embedded():
    def fonts(name):
        with pikepdf.open(BytesIO(made(form=record_form(name=name)))) as document:
            return {
                str(font.BaseFont).partition("+")[2]
                for font in document.objects
                if isinstance(font, pikepdf.Dictionary) and "/DescendantFonts" in font
            }

    assert fonts("Ada") == {"FiraGO", "FiraGOBold"}
    assert fonts("王") == {"FiraGO", "FiraGOBold", "NotoSansCJKSC"}
    assert fonts("山田アレ") == {"FiraGO", "FiraGOBold", "NotoSansCJKJP"}


def test_a_character_that_no_font_has_is_named_before_anything_is_made():
    form = record_form(name="Ada \U0001f600", diagnosis="\U00012000")

    with pytest.raises(forms.InvalidForm) as refusal:
        made(form=form)

    first, second = refusal.value.problems
    assert first.field == "name"
    assert "\U0001f600 (U+1F600, grinning face)" in first.message
    assert "U+12000, cuneiform sign a" in second.message


def _plain(text):
    """Return the text without invisible characters, and normalized."""
    composed = unicodedata.normalize("NFKC", text)
    return "".join(
        character for character in composed if unicodedata.category(character) != "Cf"
    )


def _first_place(data, after):
    """Return the horizontal position of the first line after a word."""
    document = pypdfium2.PdfDocument(data)
    page = document[0].get_textpage()
    text = page.get_text_range()
    begun = text.index(after) + len(after)
    while text[begun].isspace():
        begun += 1
    left = page.get_charbox(begun)[0]
    document.close()
    return left
