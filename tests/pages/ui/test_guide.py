"""The guide as pages offer it, and the page that holds all of it."""

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
    explained = {page for page in guide._SECTION_OF if page}

    assert explained <= EVERY_PAGE


def test_help_shows_what_the_guide_says_of_the_page(clinic: Clinic):
    app = clinic.open("desk")

    app.button("guide_help").click().run()

    assert not app.exception
    shown = [text.value for text in app.markdown]
    # The section begins with a picture, which is none of its words.
    _, _, words = guide.sections()["Check patients in"].partition("\n\n")
    assert words in shown
    assert any("help#check-patients-in" in text for text in shown)


def test_the_whole_guide_is_a_page_with_its_contents(clinic: Clinic):
    app = clinic.open("help", Role.PATIENT)

    assert not app.exception
    headings = [heading.value for heading in app.header]
    assert headings == list(guide.sections())
    contents = app.markdown[0].value
    assert re.findall(r"\(#([a-z0-9-]+)\)", contents) == [
        guide.anchor_of(heading) for heading in headings
    ]


def test_texts_that_are_not_served_are_not_linked(clinic: Clinic):
    app = clinic.open("help")

    assert not [text for text in app.markdown if ".md)" in text.value]
