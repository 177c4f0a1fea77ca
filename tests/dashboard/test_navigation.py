"""What the pages of many people share, and what each person has alone."""

import re
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.navigation import places_for
from dashboard.ui.guide import GUIDE
from services.core.actors import Role
from tests.kit import cast


def _list_pages(actor):
    import streamlit as st

    from dashboard.navigation import pages_for

    st.session_state["pages"] = pages_for(actor)


def _pages_of(member):
    app = AppTest.from_function(
        _list_pages, kwargs={"actor": cast.act_as(member)}, default_timeout=30
    ).run()
    assert not app.exception
    return [page for menu in app.session_state["pages"].values() for page in menu]


def test_a_page_file_is_looked_up_once_for_everybody():
    rosas, cleos = _pages_of(cast.ROSA), _pages_of(cast.CLEO)

    shared = [mine for mine in rosas if any(mine._page is it._page for it in cleos)]
    assert len(shared) == len(rosas)
    assert rosas[0]._page.is_file()


def test_a_page_runs_for_the_person_who_opened_it_alone():
    """Streamlit records the page to run in the page object itself, and only once."""
    rosas, cleos = _pages_of(cast.ROSA), _pages_of(cast.CLEO)

    rosas[0]._can_be_called = True

    assert not cleos[0]._can_be_called
    assert not _pages_of(cast.ROSA)[0]._can_be_called


def test_the_first_page_of_a_patient_is_nobody_elses_home():
    mayas, amaras = _pages_of(cast.MAYA), _pages_of(cast.AMARA)

    mayas[0]._default = True

    assert [page.title for page in amaras if page._default] == ["Home"]
    assert not [page for page in _pages_of(cast.MAYA) if page._default]


def test_the_title_of_no_page_has_a_persons_name():
    """Browsers keep titles in their history."""
    names = {member.name for member in (cast.ROSA, cast.MAYA)}

    assert not names & {page.title for page in _pages_of(cast.ROSA)}
    assert not names & {page.title for page in _pages_of(cast.MAYA)}


@pytest.mark.parametrize("role", Role)
def test_what_is_lit_while_a_page_is_open_is_in_the_bar_or_in_its_menu(role):
    actor = replace(cast.act_as(cast.ROSA), role=role)
    places = places_for(actor)
    entries = {page["url"] for page in places["pages"]}

    assert entries <= set(places["within"])
    for page, lit in places["within"].items():
        assert lit["page"] in {*entries, page}


@pytest.mark.parametrize("role", Role)
def test_the_guide_lists_every_page_of_a_role(role):
    """The table says that clinicians have the pages of staff, too."""
    listed = dict(re.findall(r"^\| (\w+) \| (.*) \|$", GUIDE.read_text(), re.M)[:6])
    text = listed[role] + listed["staff"] * (role == Role.CLINICIAN)
    pages = places_for(replace(cast.act_as(cast.ROSA), role=role))["pages"]

    missing = {page["title"] for page in pages if page["title"] not in text}
    assert missing == {"Account", "Notifications"}  # beside the name, for everybody


def test_few_pages_stand_in_the_bar_and_many_in_menus():
    def menus(member):
        places = places_for(cast.act_as(member))
        return {lit["menu"] for lit in places["within"].values()}

    assert menus(cast.MAYA) == {""}
    assert menus(cast.ROSA) == {"", "Visits", "Patients", "Documents"}


def test_a_page_below_another_lights_the_menu_of_that_one():
    within = places_for(cast.act_as(cast.AMARA))["within"]

    assert within["/patient"] == {"menu": "Patients", "page": "/patients"}
    assert within["/past"] == {"menu": "Patients", "page": "/patients"}
    assert within["/visit"] == {"menu": "Visits", "page": "/day"}
    assert within["/"] == {"menu": "", "page": "/"}
