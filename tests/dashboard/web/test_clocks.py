"""How the time of day is written: as the clinic has set it, or a person has chosen."""

from datetime import time
from decimal import Decimal

import pytest

from dashboard.ui.clock import CLOCK_COOKIE, with_half_days
from dashboard.ui.language import GERMAN, money, using_language
from services.core.actors import Role
from tests.dashboard.web.test_languages import places_of


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (time(0, 5), "12:05 AM"),
        (time(9), "9:00 AM"),
        (time(12), "12:00 PM"),
        (time(14, 40), "2:40 PM"),
    ],
    ids=str,
)
def test_noon_and_midnight_are_where_people_expect_them(at: time, written: str):
    assert with_half_days(at) == written


def test_seconds_stand_before_the_half_of_the_day():
    assert with_half_days(time(14, 40, 7), has_seconds=True) == "2:40:07 PM"


def test_a_browser_keeps_the_clock_until_the_clinics_is_chosen_again(server):
    with server.signed_in(Role.STAFF) as browser:
        before = places_of(browser)["clock"]
        kept = browser.post("/session/clock", json={"clock": "12"})
        after = places_of(browser)["clock"]
        browser.post("/session/clock", json={"clock": "clinic"})
        at_last = places_of(browser)["clock"]

    assert [before, after, at_last] == ["clinic", "12", "clinic"]
    assert kept.status_code == 204
    assert "HttpOnly" in kept.headers["set-cookie"]


@pytest.mark.parametrize("body", [b'{"clock": "13"}', b'{"language": "de"}', b"12"])
def test_a_clock_that_is_not_offered_is_refused(server, body):
    with server.signed_in(Role.STAFF) as browser:
        answer = browser.post("/session/clock", content=body)

        assert answer.status_code == 400
        assert answer.text == "Choose one of the clocks that are offered."
        assert CLOCK_COOKIE not in browser.cookies


def test_a_fee_is_in_the_clinics_money_and_a_bare_number_without():
    fee = Decimal("1080.5")

    assert [money(fee, "EUR"), money(fee, None)] == ["€1,080.50", "1,080.50"]
    with using_language(GERMAN):
        assert money(fee, "EUR") == "1.080,50\N{NO-BREAK SPACE}€"
