"""A web process dies or hangs behind the front while somebody works."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from uuid import uuid4

import psutil
import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from dashboard.web.front import sockets
from db.embedded import DataFolder
from db.endpoints import Endpoints
from db.postgres import SYSTEM, Database
from services.people.accounts import demo_accounts
from tests.browser.choosing import choose
from tests.browser.conftest import new_profile, ready
from tests.browser.running import free_port, variables, warm_process
from tests.kit import cast
from tests.kit.breaking import suspended
from tests.kit.waiting import eventually
from tests.kit.warm_start import WarmProcess
from tests.launch.fronted import FRONT_COOKIE, NAMES, digest_of, needs_caddy
from tests.launch.launcher import ROOT
from tests.services.pdf.samples import letter

pytestmark = [
    pytest.mark.browser,
    needs_caddy,
]


@dataclass(frozen=True)
class Served:
    """The address of the front, and the web processes behind it by name."""

    address: str
    start: Callable[[str], WarmProcess]
    processes: dict[str, WarmProcess] = field(default_factory=dict)

    def start_missing(self) -> None:
        """Start each process that is not running."""
        # One after the other: the first one makes the keys of the folder.
        for name in NAMES:
            process = self.processes.get(name)
            if process is None or process.poll() is not None:
                self.processes[name] = self.start(name)

    def holding(self, page: Page) -> WarmProcess:
        """Return the process that serves the pages of a browser."""
        mine = cookie_of(page)
        [name] = [each for each in NAMES if digest_of(each) == mine]
        return self.processes[name]


@pytest.fixture(scope="module")
def served(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """Two web processes behind the front, with no launcher that would restart them.

    How a launcher starts and replaces them is tested in tests/launch/test_front.py.
    """
    data = tmp_path_factory.mktemp("front")
    folder = DataFolder(data)
    folder.prepare()
    with closing(Database(module_endpoints)) as database:
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
    port = free_port()
    own = variables(module_endpoints, data) | {"CHARTROOM_PORT": str(port)}
    address = f"http://127.0.0.1:{port}"
    front = ["dashboard", "front", "--servers", str(len(NAMES))]
    with ExitStack() as running:

        def start(name: str) -> WarmProcess:
            path = folder.run / f"{name}.sock"
            words = ["dashboard", "web", "--socket", str(path)]
            process = WarmProcess(
                words, cwd=ROOT, env=os.environ | own, output=data / f"{name}.log"
            )
            running.callback(process.wait, 20)
            running.callback(process.terminate)
            eventually(partial(_is_served, path), seconds=60)
            return process

        served = Served(address, start)
        served.start_missing()
        ready = f"{address}/sign-in"
        running.enter_context(warm_process(front, data / "front.log", own, ready))
        yield served


@pytest.fixture
def page(served: Served, browser: Browser) -> Iterator[Page]:
    """A tab of the front desk, with both processes running."""
    served.start_missing()
    with closing(new_profile(browser, base_url=served.address)) as context:
        page = context.new_page()
        page.goto("/sign-in?next=/register")
        page.get_by_role("button", name=cast.ROSA.name).click()
        page.get_by_role("button", name="Sign in", exact=True).click()
        yield ready(page)


def _is_served(path: Path) -> bool:
    with suppress(OSError):
        sockets.connect(path).close()
        return True
    return False


def cookie_of(page: Page) -> str:
    """Return the cookie that binds a browser to a process behind the front."""
    [value] = [c["value"] for c in page.context.cookies() if c["name"] == FRONT_COOKIE]
    return value


def kill_process_of(served: Served, *pages: Page) -> None:
    """Kill the process of these pages, and wait until they are connected to another."""
    with ExitStack() as reconnected:
        for page in pages:
            reconnected.enter_context(
                page.expect_websocket(lambda socket: "/_stcore/stream" in socket.url)
            )
        served.holding(pages[0]).kill()


def test_what_is_typed_stays_when_the_process_dies_and_the_first_click_is_done(
    served: Served, page: Page
):
    name = page.get_by_label("First name")
    name.fill("Ada")
    name.press("Tab")
    ready(page)
    patients = page.context.new_page()
    patients.goto("/patients")
    by_birth = ready(patients).get_by_role("button", name="Date of birth")
    by_birth.wait_for()
    mine = cookie_of(page)

    kill_process_of(served, page, patients)

    by_birth.click()
    heading = patients.get_by_role("columnheader", name="Date of birth")
    expect(heading).to_have_attribute("aria-sort", "ascending")
    choose(page, page.get_by_role("combobox", name="Sex"), "Female")
    expect(page.get_by_label("First name")).to_have_value("Ada")
    assert cookie_of(page) != mine


def test_a_file_that_is_chosen_after_the_process_has_died_is_asked_about(
    served: Served, page: Page
):
    page.goto("/upload_documents")
    chooser = ready(page).locator("input[type=file]")
    zone = page.get_by_test_id("stFileUploaderDropzone")
    expect(zone).to_have_attribute("aria-disabled", "false")

    kill_process_of(served, page)
    expect(zone).to_have_attribute("aria-disabled", "false")
    chooser.set_input_files(
        FilePayload(
            name="paper.pdf", mimeType="application/pdf", buffer=letter("Paper")
        )
    )

    expect(page.get_by_label("Description")).to_be_visible()


def test_a_file_that_dies_with_the_process_has_to_be_chosen_again(
    served: Served, page: Page
):
    page.goto("/upload_documents")
    chooser = ready(page).locator("input[type=file]")
    zone = page.get_by_test_id("stFileUploaderDropzone")
    lost = page.get_by_text("One of the files listed here is no longer on the server")

    def choose_file(name: str) -> None:
        expect(zone).to_have_attribute("aria-disabled", "false")
        paper = letter(f"{name} {uuid4()}")
        chooser.set_input_files(
            FilePayload(name=name, mimeType="application/pdf", buffer=paper)
        )

    choose_file("early.pdf")
    expect(page.get_by_label("Description")).to_be_visible()
    kill_process_of(served, page)
    choose_file("late.pdf")
    expect(lost).to_be_visible()
    expect(page.get_by_label("Description")).to_have_count(1)

    # It is not forgotten when the other one is filed.
    page.get_by_role("button", name="File document").click()
    expect(page.get_by_text("late.pdf is filed")).to_be_visible()
    expect(lost).to_be_visible()

    page.get_by_role("button", name="Remove early.pdf").click()
    expect(lost).to_have_count(0)


def test_who_clicks_while_the_process_hangs_reads_so_and_goes_on_with_another(
    served: Served, page: Page
):
    page.goto("/patients")
    by_birth = ready(page).get_by_role("button", name="Date of birth")
    by_birth.wait_for()
    mine, note = cookie_of(page), page.locator("#chartroom-banner")

    with suspended(psutil.Process(served.holding(page).pid)):
        by_birth.click()
        expect(note).to_contain_text("The server is not responding.")
        # The front waits ten seconds for a busy process.
        expect(note).to_contain_text("The server is responding again.", timeout=60_000)
        by_birth.click()
        heading = page.get_by_role("columnheader", name="Date of birth")
        expect(heading).to_have_attribute("aria-sort", "ascending")

    assert cookie_of(page) != mine


def test_who_types_while_all_processes_are_gone_reads_so_and_is_not_interrupted(
    served: Served, page: Page
):
    name, note = page.get_by_label("First name"), page.locator("#chartroom-banner")
    name.fill("Ada")

    # Streamlit writes so where it would show its dialog.
    with page.expect_console_message(
        lambda message: "Connection failed" in message.text, timeout=120_000
    ):
        for process in served.processes.values():
            process.kill()
        expect(note).to_contain_text("The server is not responding.")

    expect(page.get_by_role("dialog")).to_have_count(0)
    served.start_missing()
    expect(note).to_contain_text("The server is responding again.", timeout=60_000)
    expect(name).to_have_value("Ada")
    choose(page, page.get_by_role("combobox", name="Sex"), "Female")
