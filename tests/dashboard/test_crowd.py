"""What a member of the crowd of `benchmarks.crowd` does, the server really does."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from random import Random
from threading import Thread
from uuid import UUID

import httpx
import pytest
from websockets.sync.server import serve

from benchmarks.crowd.browser import Browser, Refused
from benchmarks.crowd.chartroom_work import ChartroomWork
from benchmarks.crowd.journal import Journal
from benchmarks.crowd.person import Person
from benchmarks.crowd.saves import Saves
from benchmarks.crowd.servers import WATCH
from benchmarks.crowd.tab import Tab
from db.models.patient import Patient
from db.postgres import SYSTEM, Database
from tests.browser.running import chartroom
from tests.kit import cast
from tests.kit.replicas import write_everywhere
from tests.kit.signing_in import cookie_of

PHONE = "+441632960042"
Day = Callable[[Browser], Awaitable[None]]


@pytest.fixture(scope="module")
def database(module_endpoints) -> Iterator[Database]:
    with closing(Database(module_endpoints)) as opened:
        yield opened


@pytest.fixture(scope="module")
def spend(database: Database, module_endpoints, tmp_path_factory) -> Iterator[Callable]:
    """Runs a day at the front desk, and returns its journal."""
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


class Overtaken(Person):
    """A person who thinks about a form until a colleague has saved the same patient."""

    async def think(self) -> None:
        if "edit_save" in self.tab.screen:
            await save_a_form(self.browser)


async def save_what_a_colleague_has_saved(browser: Browser) -> None:
    person = Overtaken(browser, Random(0), 0.0)  # noqa: S311 - whom to choose
    saves = Saves()
    work = ChartroomWork(person, (), saves)
    await person.open("/patients")
    assert await work.open_record()

    await work.save_form()

    assert saves.confirmed() == 0
    assert "patient_edit" in person.tab.screen
    await person.leave()


async def open_what_is_closed(browser: Browser) -> None:
    await Tab.open(browser, "/audit")


async def refresh_what_is_no_more(browser: Browser) -> None:
    tab = await Tab.open(browser, "/patients")
    await tab._refresh_once("a part of the page before")
    await tab.close()


@pytest.fixture(scope="module")
def ada(database: Database) -> UUID:
    return write_everywhere(database, lambda s: cast.add_patient(s).id)


def test_somebody_of_the_crowd_opens_a_patient_and_saves_a_form(database, ada, spend):
    journal = spend(save_a_form)

    saved = database.read_latest(
        lambda s: s.get_one(Patient, ada), identity=SYSTEM
    ).value
    assert saved.phone_number == PHONE
    assert Counter(wait.kind for wait in journal.waits) == {"open": 1, "rerun": 3}


def test_a_form_that_a_colleague_has_overtaken_counts_as_not_saved(ada, spend):
    journal = spend(save_what_a_colleague_has_saved)

    assert journal.lost_races == 1


def test_a_refresh_whose_page_was_turned_meanwhile_is_not_waited_for(spend):
    journal = spend(refresh_what_is_no_more)

    assert not journal.errors
    assert Counter(wait.kind for wait in journal.waits) == {"open": 1}


def test_a_browser_of_the_crowd_goes_on_where_its_websocket_is():
    def lead_elsewhere(_connection, _request, response):
        response.headers["Set-Cookie"] = "front=web-2; Path=/; HttpOnly"

    async def connected(port: int) -> Browser:
        async with httpx.AsyncClient() as http:
            browser = Browser(f"http://127.0.0.1:{port}", http, Journal(), "who=ada")
            await (await browser.connect("/")).close()
            return browser

    with serve(lambda _: None, "127.0.0.1", 0, process_response=lead_elsewhere) as web:
        Thread(target=web.serve_forever, daemon=True).start()
        browser = asyncio.run(connected(web.socket.getsockname()[1]))

    assert browser.cookie_header == "who=ada; front=web-2"


def saved_in_a_row(*numbers: str) -> Saves:
    saves = Saves()
    for number in numbers:
        saves.send("ada", number).confirm()
    return saves


@pytest.mark.parametrize(
    ("number", "lost"),
    [("2", 0), ("1", 1), ("3", 2), (None, 2)],
    ids=["the last", "the one before", "of nobody", "nothing"],
)
def test_a_saved_number_is_lost_unless_another_came_after_it(number, lost):
    saves = saved_in_a_row("1", "2")

    assert len(saves.lost({"ada": number} if number else {})) == lost


def test_of_two_that_were_saved_at_once_either_may_be_there():
    saves = Saves()
    first, second = saves.send("ada", "1"), saves.send("ada", "2")
    second.confirm()
    first.confirm()

    assert saves.lost({"ada": "1"}) == saves.lost({"ada": "2"}) == []


def test_what_a_page_refuses_is_an_error_of_the_crowd(spend):
    with pytest.raises(Refused, match="Not allowed"):
        spend(open_what_is_closed)
