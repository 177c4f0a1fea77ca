"""How names and lists are shown, chosen in the menu and kept per person."""

import pytest

from services.core.actors import Role
from tests.dashboard.web.test_languages import places_of

CHOICES = {"name-order": "given-family", "list-density": "compact"}


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("role", [Role.STAFF, Role.PATIENT, Role.ADMIN])
def test_a_choice_is_kept_until_the_usual_is_chosen_again(server, role, name):
    field = name.replace("-", "_")
    with server.signed_in(role) as browser:
        before = places_of(browser)
        kept = browser.post(f"/session/{name}", json={name: CHOICES[name]})
        after = places_of(browser)
        browser.post(f"/session/{name}", json={name: "clinic"})
        at_last = places_of(browser)

    assert kept.status_code == 204
    assert [each[field] for each in (before, after, at_last)] == ["", CHOICES[name], ""]


def test_scripts_learn_which_name_comes_first(server):
    with server.signed_in(Role.STAFF) as browser:
        before = places_of(browser)["family_first"]
        browser.post("/session/name-order", json={"name-order": "given-family"})
        after = places_of(browser)["family_first"]
        browser.post("/session/name-order", json={"name-order": "clinic"})

    assert [before, after] == [True, False]


def test_a_page_is_compact_from_its_first_line_for_who_chose_so_alone(server):
    with (
        server.signed_in(Role.STAFF) as browser,
        server.signed_in(Role.ADMIN) as beside,
    ):
        browser.post("/session/list-density", json={"list-density": "compact"})
        pages = [each.get("/").text for each in (browser, beside)]
        browser.post("/session/list-density", json={"list-density": "comfortable"})
        at_last = browser.get("/").text
        browser.post("/session/list-density", json={"list-density": "clinic"})

    compact = '<html lang="en" data-density="compact">'
    assert [compact in page for page in (*pages, at_last)] == [True, False, False]


@pytest.mark.parametrize("name", CHOICES)
@pytest.mark.parametrize("sent", [b'{"name-order": "x", "list-density": "x"}', b"12"])
def test_what_is_not_offered_is_refused(server, name, sent):
    with server.signed_in(Role.STAFF) as browser:
        answer = browser.post(f"/session/{name}", content=sent)

    assert answer.status_code == 400
    assert answer.text == "Choose one of the options."
