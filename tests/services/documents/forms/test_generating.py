"""What a document made from a form contains, in which order, on how many pages."""

from io import BytesIO
from uuid import UUID

import pikepdf
import pytest

from dashboard.ui.language.papers import wording_in
from services.documents import forms
from services.pdf.inspecting import PdfInspector
from tests.kit.cast import ADA
from tests.services.documents.forms.samples import (
    CLINIC,
    ID,
    NOW,
    RECORD,
    made,
    pages_of,
    record_form,
    words_of,
)

LONG = "\n".join(
    f"Day {day}: the patient felt better and slept well." for day in range(150)
)


def test_every_field_its_label_and_the_clinic_are_read_in_the_forms_order():
    text = " ".join(words_of(made()))

    said = [
        "Riverside Clinic",
        "12 River Street",
        "+44 20 7946",
        "Medical record",
        "Name Ada Lovelace",
        "Date of birth 17 May 1980",
        "Diagnosis Hypertension",
        "Allergies Penicillin",
        "Medical information Takes ramipril 5 mg.",
        "Dr Bo Lee, 20 November 2026",
        "Page 1 of 1",
        str(ID),
    ]
    places = [text.find(words) for words in said]
    assert -1 not in places
    assert places == sorted(places)


def test_what_was_left_empty_says_so_because_nothing_is_not_none():
    text = " ".join(words_of(made(form=record_form(allergies=""))))

    assert "Allergies Not stated Medical information" in text


def test_the_same_form_id_and_moment_make_the_same_bytes():
    assert made() == made()


@pytest.mark.parametrize(
    "change",
    [
        {"document_id": UUID(int=7)},
        {"form": record_form(diagnosis="Asthma")},
        {"author": "Dr Al Roy"},
    ],
    ids=["another id", "another form", "another author"],
)
def test_anything_else_makes_other_bytes(change):
    assert made(**change) != made()


@pytest.mark.parametrize(("typed", "more_than"), [(LONG, 3), (LONG + 500 * "\n.", 10)])
def test_long_text_flows_over_pages_that_say_whose_they_are(typed, more_than):
    pages = pages_of(made(form=record_form(medical_information=typed)))

    assert len(pages) > more_than
    for number, page in enumerate(pages, 1):
        assert f"Page {number} of {len(pages)}" in page
        assert str(ID) in page
    assert all("Medical record, Ada Lovelace" in page for page in pages[1:])
    assert [f"Day {day}:" in "".join(pages) for day in range(150)] == [True] * 150


@pytest.mark.parametrize("typed", ["{nb}", "**bold** __x__", "[a](b)", "<b>b</b>"])
def test_what_looks_like_a_command_is_printed_as_it_was_typed(typed):
    assert typed in " ".join(words_of(made(form=record_form(diagnosis=typed))))


def test_a_word_longer_than_a_line_goes_on_in_the_next():
    word = "Pneumono" * 60

    assert word in "".join(words_of(made(form=record_form(diagnosis=word))))


def test_a_long_table_names_its_columns_on_every_page():
    rows = [[f"Test {number}", "13.5", "g/dL", "12 to 16"] for number in range(60)]
    form = record_form(taken_on="2026-11-19", results=rows)

    pages = pages_of(made(forms.TEMPLATES["lab_report"], form))

    tables = [page for page in pages if "Test " in page]
    assert len(tables) > 1
    assert all("Test Result Unit Reference range" in page for page in tables)
    assert all(f"Test {number} 13.5" in "".join(pages) for number in range(60))


@pytest.mark.parametrize("name", forms.TEMPLATES)
def test_each_template_is_drawn_without_an_accident(name):
    template = forms.TEMPLATES[name]
    form = {
        field.name: "2026-11-20"
        if field.kind is forms.FormFieldKind.DATE
        else [["a", "b", "c", "d"]]
        if field.kind is forms.FormFieldKind.TABLE
        else f"Something about {field.label}"
        for field in template.fields
    }

    text = " ".join(words_of(made(template, form)))

    assert all(field.label in text for field in template.fields)


@pytest.mark.parametrize("name", forms.TEMPLATES)
def test_what_a_patient_states_says_so_on_every_page_and_the_clinics_never(name):
    template = forms.TEMPLATES[name]
    form = {
        field.name: ADA.date_of_birth.isoformat()
        if field.kind is forms.FormFieldKind.DATE
        else [["a", "b", "c", "d"]]
        if field.kind is forms.FormFieldKind.TABLE
        else "It has been so for a while.\n" * 40
        if field.kind is forms.FormFieldKind.TEXT
        else "Something"
        for field in template.fields
    }

    data = made(template, form)

    said = ["stated by the patient" in page.lower() for page in pages_of(data)]
    assert said == [template.is_for_patients] * len(said)
    assert len(said) > 1 or not template.is_for_patients
    assert ("To Riverside Clinic" in pages_of(data)[0]) == template.is_for_patients
    with pikepdf.open(BytesIO(data)) as document, document.open_metadata() as metadata:
        assert metadata["dc:creator"] == [
            "Dr Bo Lee" if template.is_for_patients else CLINIC.name
        ]


def test_it_is_tagged_speaks_english_and_has_a_title():
    with pikepdf.open(BytesIO(made())) as document:
        root = document.Root
        with document.open_metadata() as said:
            assert said["dc:title"] == "Medical record"
            assert said["dc:creator"] == [CLINIC.name]
            assert said["dc:identifier"] == f"urn:uuid:{ID}"
            assert said["xmp:CreateDate"] == NOW.isoformat()
            assert said.pdfa_status == "2U"
        assert root.MarkInfo.Marked
        assert root.Lang == "en"
        assert root.ViewerPreferences.DisplayDocTitle
        parts = [str(part.S) for part in root.StructTreeRoot.K[0].K]
        assert parts[:4] == ["/H1", "/P", "/P", "/H2"]


def test_every_font_is_embedded_and_cut_down_to_what_is_used():
    with pikepdf.open(BytesIO(made())) as document:
        fonts = [font for font in document.objects if _is_descriptor(font)]
        embedded = [len(font.FontFile2.read_bytes()) for font in fonts]

    assert embedded
    assert max(embedded) < 60_000


def _is_descriptor(thing):
    return (
        isinstance(thing, pikepdf.Dictionary)
        and thing.get("/Type") == "/FontDescriptor"
    )


def test_content_is_either_tagged_or_said_to_be_decoration():
    form = record_form(medical_information=LONG)

    with pikepdf.open(BytesIO(made(form=form))) as document:
        for page in document.pages:
            depth = 0
            for operands, operator in pikepdf.parse_content_stream(page):
                del operands
                if str(operator) in {"BDC", "BMC"}:
                    depth += 1
                elif str(operator) == "EMC":
                    depth -= 1
                elif str(operator) in {"Tj", "TJ", "re", "f"}:
                    assert depth > 0
            assert depth == 0


def test_the_examiner_finds_nothing_odd_in_it():
    inspector = PdfInspector()
    try:
        report = inspector.examine(BytesIO(made()))
    finally:
        inspector.close()

    assert report.pages == 1
    assert report.findings == ()
    assert "Ada Lovelace" in report.text[0]


def test_a_form_with_problems_makes_nothing():
    with pytest.raises(forms.InvalidForm, match="Name is missing; enter it"):
        made(RECORD, record_form(name=" "))


@pytest.mark.parametrize("template", forms.TEMPLATES.values(), ids=lambda t: t.name)
def test_a_paper_and_its_name_are_in_the_clinics_language(template):
    german = wording_in(None, "de")
    form = {
        field.name: "2026-11-19" if field.kind is forms.FormFieldKind.DATE else ""
        for field in template.fields
    }
    needed = {f.name: form[f.name] or "x" for f in template.fields if f.required}
    tables = {f.name: [["x"] * len(f.columns)] for f in template.fields if f.columns}
    named = {"name": "Ada Lovelace", "record_number": "47T-XZF"}
    form |= needed | tables | named

    data = made(template, form, wording=german)

    text, title = " ".join(words_of(data)), german.say(template.title)
    labels = [
        german.say(label)
        for field in template.fields
        if form[field.name] or not field.is_left_out_if_empty
        if not field.is_unlabelled
        for label in (field.label, *field.columns)
    ]
    assert title != template.title
    assert [label for label in labels if label not in text] == []
    assert "Geburtsdatum 19. November 2026" in text
    assert "Dr Bo Lee, 20. November 2026 Seite 1 von 1" in text
    assert "Not stated" not in text
    assert ("Angabe des Patienten" in text) == template.is_for_patients
    assert ("An Riverside Clinic" in text) == template.is_for_patients
    name = forms.filename_of(template, form, NOW.date(), german)
    assert name == f"{title} Ada Lovelace 2026-11-20.pdf"
    with pikepdf.open(BytesIO(data)) as opened:
        assert opened.Root.Lang == "de"
