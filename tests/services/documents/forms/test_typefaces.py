"""Glyphs: which are chosen, and that neighbours in another script change nothing."""

from uuid import UUID

import pytest
from fpdf.enums import TextDirection

from services.documents.forms import typefaces
from services.documents.forms.fonts import TEXT
from services.documents.forms.sheet import Sheet
from services.documents.forms.typefaces import Typeface
from tests.services.documents.forms.samples import CLINIC, NOW

HINDI, HEBREW, ARABIC = "श्रीवास्तव", "שלום", "محمد"


@pytest.fixture(scope="module")
def typeface():
    sheet = Sheet(
        clinic=CLINIC, title="T", subject="", document_id=UUID(int=1), now=NOW, text=""
    )
    return Typeface(sheet, TEXT)


def glyphs(typeface, text, direction=TextDirection.LTR):
    """Return the glyphs from left to right, and the place of each one's character."""
    how = {"features": {}, "fragment_direction": direction}
    infos, positions = typeface.perform_harfbuzz_shaping(text, 11, how)
    assert len(infos) == len(positions)
    return [info.codepoint for info in infos], [info.cluster for info in infos]


def test_each_script_is_shaped_by_its_own_rules_wherever_it_stands(typeface):
    alone, _ = glyphs(typeface, HINDI)

    mixed, places = glyphs(typeface, f"Lab report, {HINDI}")

    assert len(alone) < len(HINDI)
    assert mixed[-len(alone) :] == alone
    assert min(places[-len(alone) :]) == len("Lab report, ")
    assert places == sorted(places)


def test_two_scripts_from_the_right_are_laid_out_from_the_right(typeface):
    leftwards = TextDirection.RTL
    hebrew, _ = glyphs(typeface, f"{HEBREW} ", leftwards)
    arabic, _ = glyphs(typeface, ARABIC, leftwards)

    mixed, places = glyphs(typeface, f"{HEBREW} {ARABIC}", leftwards)

    assert mixed == arabic + hebrew
    assert places == sorted(places, reverse=True)


def _paper(text: str) -> bytes:
    sheet = Sheet(
        clinic=CLINIC, title=text, subject="", document_id=UUID(int=1), now=NOW, text=""
    )
    return bytes(sheet.output())


@pytest.mark.parametrize("other", ["Ångström, office", f"Привет {ARABIC}", ""])
def test_a_face_that_is_read_once_gives_each_paper_what_it_would_read_itself(
    monkeypatch: pytest.MonkeyPatch, other: str
):
    first, second = _paper("Lab report"), _paper(other)
    again = _paper("Lab report")
    monkeypatch.setattr(typefaces, "_OFTEN", frozenset())

    assert again == first == _paper("Lab report")
    assert second == _paper(other)


def test_a_text_is_measured_once_for_all_rows_of_a_table(typeface, monkeypatch):
    shaped, shape = [], typeface.perform_harfbuzz_shaping

    def shape_and_note(text, size, how):
        shaped.append(size)
        return shape(text, size, how)

    monkeypatch.setattr(typeface, "perform_harfbuzz_shaping", shape_and_note)
    how = {"features": {}, "fragment_direction": TextDirection.LTR}

    small, again, large = (
        typeface.get_text_width("Lovelace, Ada", size, how) for size in (11, 11, 12)
    )

    assert shaped == [11, 12]
    assert small == again
    assert small[0] == len("Lovelace, Ada")
    assert small[1] < large[1]
