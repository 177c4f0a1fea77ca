"""What one of the crowd of `benchmarks.crowd` does, the server really does."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing

import httpx
import pytest

from benchmarks.crowd.browser import Browser, Refused
from benchmarks.crowd.journal import Journal
from benchmarks.crowd.servers import WATCH
from benchmarks.crowd.tab import Tab
from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from tests.browser.running import chartroom
from tests.kit import cast
from tests.kit.signing_in import cookie_of

PHONE = "+441632960042"
Day = Callable[[Browser], Awaitable[None]]


@pytest.fixture(scope="module")
def database(module_endpoints) -> Iterator[Database]:
    with closing(Database(module_endpoints)) as opened:
        yield opened


@pytest.fixture(scope="module")
def spend(database: Database, module_endpoints, tmp_path_factory) -> Iterator[Callable]:
    """Spend a day at the front desk, and return what was noted of it."""
    cleo = database.write(
        lambda session: cast.add_account(session, cast.CLEO).id, identity=SYSTEM
    ).value
    cookie = cookie_of(database, cleo)

    async def work(day: Day, address: str) -> Journal:
        async with httpx.AsyncClient() as http:
            browser = Browser(address, http, Journal(), cookie, WATCH)
            await day(browser)
            return browser.journal

    with chartroom(module_endpoints, tmp_path_factory.mktemp("crowd")) as address:
        yield lambda day: asyncio.run(work(day, address))


async def save_a_form(browser: Browser) -> None:
    tab = await Tab.open(browser, "/patients")
    (row,) = tab.screen.payload("patients_table")["rows"]
    await tab.tell("patients_table", "opened", row["id"])
    await tab.press("patient_edit")
    await tab.press("edit_save", {"edit_phone_number": PHONE})
    await tab.close()


async def open_what_is_closed(browser: Browser) -> None:
    await Tab.open(browser, "/audit")


def test_somebody_of_the_crowd_opens_a_patient_and_saves_a_form(database, spend):
    ada = database.write(lambda s: cast.add_patient(s).id, identity=SYSTEM).value

    journal = spend(save_a_form)

    saved = database.read(lambda s: s.get_one(Patient, ada), identity=SYSTEM).value
    assert saved.phone_number == PHONE
    assert Counter(wait.kind for wait in journal.waits) == {"open": 1, "rerun": 3}


def test_what_a_page_refuses_is_an_error_of_the_crowd(spend):
    with pytest.raises(Refused, match="Not allowed"):
        spend(open_what_is_closed)
