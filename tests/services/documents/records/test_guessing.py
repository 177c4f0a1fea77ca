"""What is guessed about a paper before anybody has said what it is."""

from datetime import date

import pytest

from services.documents.records.guessing import guess_paper

TODAY = date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "dated_on"),
    [
        ("Vienna, 3 November 2026", date(2026, 11, 3)),
        ("November 3rd, 2026", date(2026, 11, 3)),
        ("Wien, 3. März 2025", date(2025, 3, 3)),
        ("Wien, 3. Auguſt 1920", date(1920, 8, 3)),
        ("3 aprıl 2024", None),
        ("Date: 2026-02-28", date(2026, 2, 28)),
        ("05.04.2024", date(2024, 4, 5)),
        ("4/25/2024", date(2024, 4, 25)),
        ("Born 31.01.1980. Letter of 5 May 2020", date(2020, 5, 5)),
        ("Seen on 1.2.2020\nReported: 3.2.2020", date(2020, 2, 3)),
        ("Date of birth: 31 January 1980", None),
        ("Next visit: 24 November 2026", None),
        ("In the year 12.12.1899", None),
        ("31.02.2020", None),
        ("Order 12.11.20261, 1.12.11.2020", None),
        ("", None),
    ],
)
def test_the_date_is_that_of_the_paper(text, dated_on):
    assert guess_paper("x.pdf", [text], today=TODAY).dated_on == dated_on


@pytest.mark.parametrize(
    ("filename", "text", "title"),
    [
        ("Letter of the hospital.pdf", "St. Mary's", "Letter of the hospital"),
        ("discharge_letter.pdf", "", "discharge letter"),
        ("scan0001.pdf", "\n 1 \nDischarge letter\nDear", "Discharge letter"),
        ("IMG_2034.JPG", "", "IMG 2034"),
        (".pdf", "Discharge letter", "Discharge letter"),
        (r"C:\scans\.jpg", "", ""),
        ("20261103_1204.pdf", "Blood count", "Blood count"),
        ("scan.pdf", "x" * 90, "scan"),
        (f"{'Letter ' * 29}.pdf", "", ("Letter " * 29)[:200].strip()),
    ],
)
def test_the_title_is_the_name_that_a_person_chose_or_the_first_line(
    filename, text, title
):
    assert guess_paper(filename, [text], today=TODAY).title == title
