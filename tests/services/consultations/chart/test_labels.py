"""Labels with a patient's record number, read back as by people and scanners."""

from datetime import UTC, date, datetime
from io import BytesIO

import pypdfium2
import pytest
import zxingcpp
from PIL.Image import Image

from dashboard.ui.language.papers import wording_in
from services.consultations import chart
from services.consultations.chart import LabelOrder, LabelPaper
from services.consultations.chart.label_paper import print_labels
from services.core.errors import InvalidInput, NotAllowed
from services.documents.forms import ENGLISH, Wording
from tests.kit import cast
from tests.kit.audit_events import events_of

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
SHEET = LabelPaper.SHEET


def pages_of(
    order: LabelOrder, *, wording: Wording = ENGLISH, **fields
) -> list[tuple[str, Image]]:
    """Return the text and the picture of each page of Ada's labels."""
    about = {"record_number": "47TXZF", "date_of_birth": date(1980, 3, 5)}
    patient = cast.make_record(**about | fields)
    made = print_labels(patient, order, now=NOW, wording=wording)
    with pypdfium2.PdfDocument(BytesIO(made)) as opened:
        return [
            (page.get_textpage().get_text_bounded(), page.render(scale=3).to_pil())
            for page in opened
        ]


def test_a_label_says_who_it_is_and_its_code_the_record_number():
    ((words, picture),) = pages_of(
        LabelOrder(), first_name="Ada", last_name="Lovelace", sex="female"
    )

    assert words.split("\r\n") == ["Lovelace, Ada", "5 March 1980 · Female", "47T-XZF"]
    (code,) = zxingcpp.read_barcodes(picture)
    assert (code.text, code.format) == ("47TXZF", zxingcpp.BarcodeFormat.Code128)
    assert picture.size == (528, 247)  # 62 x 29 mm at 216 dots per inch


def test_a_label_is_in_the_clinics_language():
    german = wording_in(None, "de")

    ((words, _picture),) = pages_of(LabelOrder(), wording=german, sex="female")

    assert "5. März 1980 · Weiblich" in words.replace("\N{NO-BREAK SPACE}", " ")


def test_a_sheet_begins_at_its_first_free_label_and_goes_on_to_the_next():
    pages = pages_of(LabelOrder(SHEET, labels=6, first=21))

    assert [words.count("47T-XZF") for words, _ in pages] == [4, 2]
    places = [
        [_place(code.position.top_left) for code in zxingcpp.read_barcodes(picture)]
        for _, picture in pages
    ]
    assert sorted(places[0]) == [(6, 2), (7, 0), (7, 1), (7, 2)]
    assert sorted(places[1]) == [(0, 0), (0, 1)]


def _place(corner: zxingcpp.Point) -> tuple[int, int]:
    """Return the row and column of the label at a point of the picture."""
    to_mm = 25.4 / (72 * 3)
    return int(corner.y * to_mm / 37), int(corner.x * to_mm / 70)


def test_a_name_that_is_too_long_stays_on_its_label_and_shows_that_it_is_cut():
    ((words, _picture),) = pages_of(
        LabelOrder(), first_name="W" * 50, last_name="Ödön " * 8 + "Ödön"
    )

    last, first, *_rest = words.split("\r\n")
    assert last == "Ödön " * 8 + "Ödön,"
    assert first.startswith("WWWWWWWW")
    assert first.endswith("…")


def test_what_no_font_can_draw_is_a_box():
    ((words, _picture),) = pages_of(
        LabelOrder(), last_name="\U00012000", first_name="A"
    )

    assert words.startswith("□, A")


@pytest.mark.parametrize(
    ("order", "field"),
    [
        (LabelOrder(labels=0), "labels"),
        (LabelOrder(labels=25), "labels"),
        (LabelOrder(SHEET, first=25), "first"),
        (LabelOrder(SHEET, first=0), "first"),
    ],
)
def test_what_no_paper_has_is_refused_in_a_sentence(
    session, clerk, patient, order, field
):
    with pytest.raises(InvalidInput, match="from 1 to 24") as refused:
        chart.take_labels(session, clerk, patient.id, order)

    assert refused.value.property_name == field


def test_who_took_labels_is_written_down(session, clerk, patient):
    chart.take_labels(session, clerk, patient.id, LabelOrder(SHEET, labels=3))

    (event,) = events_of(session, "patient:print-labels")
    assert event.patient_id == patient.id
    assert event.details["labels"] == 3


@pytest.mark.parametrize("name", ["analyst", "admin"])
def test_nobody_but_the_desk_and_clinicians_takes_labels(
    session, request, patient, name
):
    with pytest.raises(NotAllowed):
        chart.take_labels(
            session, request.getfixturevalue(name), patient.id, LabelOrder()
        )
