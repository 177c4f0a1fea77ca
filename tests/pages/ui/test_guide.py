"""The guide as pages offer it, and the page with all of it."""

import re

import pytest

from dashboard.ui import guide
from services.core.actors import Role
from tests.pages.conftest import Clinic
from tests.pages.test_shell import EVERY_PAGE, TEXTS


@pytest.mark.parametrize("page", sorted(EVERY_PAGE - TEXTS))
def test_the_guide_says_something_of_each_page(page: str):
    heading = guide.section_of(page)

    assert heading in guide.sections()
    assert guide.sections()[heading]


def test_no_page_is_explained_that_does_not_exist():
    refusal_text = {page for page in guide._SECTION_OF if page}

    assert refusal_text <= EVERY_PAGE


def test_help_shows_what_the_guide_says_of_the_page(clinic: Clinic):
    app = clinic.open("desk")

    app.button("guide_help").click().run()

    shown = [text.value for text in app.markdown]
    # The section begins with a picture, which is no part of its text.
    _, _, words = guide.sections()["Check patients in"].partition("\n\n")
    assert words in shown
    assert any("help#check-patients-in" in text for text in shown)


def test_the_whole_guide_is_a_page_with_its_contents(clinic: Clinic):
    app = clinic.open("help", Role.PATIENT)

    headings = [heading.value for heading in app.header]
    assert headings == list(guide.sections())
    contents = app.markdown[0].value
    assert re.findall(r"\(#([a-z0-9-]+)\)", contents) == [
        guide.anchor_of(heading) for heading in headings
    ]


def test_texts_that_are_not_served_are_not_linked(clinic: Clinic):
    app = clinic.open("help")

    assert not [text for text in app.markdown if ".md)" in text.value]


def test_words_stand_in_the_order_of_the_alphabet_each_once():
    refusal_text = guide._WORD.findall(guide.sections()[guide.GLOSSARY])
    listed = [word for word, _ in refusal_text]

    assert listed == sorted(listed)
    assert len(listed) == len(guide.words())
    assert {"record number", "replica", "lag", "switchover"} <= guide.words().keys()


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("LAG", ["lag"]),
        (" record  number", ["record number"]),
        ("hold", ["hold (of a document)", "hold (of a time)"]),
        ("break-glass", ["emergency access"]),
        ("quagga", []),
    ],
)
def test_a_word_is_found_by_its_name_or_else_by_what_it_means(typed, words):
    assert list(guide.find_words(typed)) == words


def test_help_on_a_page_looks_a_word_up(clinic: Clinic):
    app = clinic.open("desk")
    app.session_state["guide_word"] = "retention"

    app.button("guide_help").click().run()

    said = f"- **retention class**: {guide.words()['retention class']}"
    assert said in [text.value for text in app.markdown]


def test_the_page_of_the_guide_says_where_unknown_words_are_looked_for(clinic: Clinic):
    app = clinic.open("help", Role.PATIENT)

    app.text_input("help_word").set_value("quagga").run()

    assert "help#words" in app.caption[0].value
