"""A real Chromium in front of the real server, on a database of the test cluster."""

import os
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)
from sqlalchemy.orm import Session

from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.demo import seeding
from services.people.accounts import demo_accounts
from tests.browser.evidence import evidence, listen
from tests.browser.expecting import wait_first
from tests.browser.running import chartroom
from tests.conftest import Databases
from tests.kit import cast, noted_addresses
from tests.kit.replicas import write_everywhere
from tests.kit.waiting import eventually

T = TypeVar("T")

_SECONDS = 120
_PATIENTS = 300
# As root, Chromium has no sandbox; the other flags keep it from contacting Google.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# As when somebody goes back in the browser: Streamlit then draws the page of the
# address.
_TURN = """address => {
    history.pushState({}, "", address)
    dispatchEvent(new PopStateEvent("popstate"))
}"""
# A drawn page without a dialog, such as the search or the list of keys, which would
# stay open over the next page.
_MAY_TURN = "body:not(:has(dialog[open])) [data-testid=stApp] h1"
_KNOWS_THE_WAY = """if (location.protocol.startsWith("http")) {
    localStorage.setItem("chartroom.tour", "never")
}"""
# A page of a test lives for seconds, so optimizing its scripts does not pay. And with
# one process per site, a profile's second tab need not compile again what the first
# has: 0.6 s instead of 1.0.
_SHORT_LIVED = ["--js-flags=--no-maglev --no-turbofan", "--process-per-site"]
# A name of the server that browsers do not take for this machine: without https, they
# say less there than at this machine's own names.
OTHER_HOST = "clinic.test"
_RESOLVING = f"--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1"


@dataclass(frozen=True)
class Traces:
    """What the whole run left behind, for the test that comes last."""

    # The file in which a server records what browsers request.
    request_log: Path | None = None
    shown: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)

    @property
    def urls(self) -> set[str]:
        """Every address that a browser has shown or requested from the server."""
        requested_urls = (
            self.request_log.read_text().splitlines() if self.request_log else ()
        )
        return {*self.shown, *requested_urls}

    def watch(self, context: BrowserContext) -> None:
        """Record every address that the profile shows."""
        context.on(
            "page",
            lambda page: page.on("framenavigated", lambda f: self.shown.add(f.url)),
        )


class IdleProfiles:
    """Browser profiles that were lent and are free now; the last returned comes first.

    There are as many as were ever in use at one time. The first page of a new profile
    takes three times as long as the next page in a profile that has shown Chartroom
    before, whoever was signed in.
    """

    def __init__(self) -> None:
        # By the address, whether somebody is signed in, and whether it has a touch
        # screen.
        self._idle = defaultdict[tuple[str, bool, bool], list[BrowserContext]](list)

    def take(self, kind: tuple[str, bool, bool]) -> BrowserContext | None:
        """Return a free profile of this kind, in which nobody is signed in, or None."""
        return self._idle[kind].pop() if self._idle[kind] else None

    def give_back(
        self, kind: tuple[str, bool, bool], context: BrowserContext, page: Page
    ) -> None:
        """Take a profile back with a single tab, and remove what was done in it."""
        for other in context.pages:
            if other is not page:
                other.close()
        if page.is_closed():
            context.close()
            return
        # Routes that one test has delayed or blocked would still apply to the next.
        page.unroute_all(behavior="ignoreErrors")
        # This page requests nothing by itself, and keeps the tab in the same process.
        page.goto("/health")
        page.evaluate("sessionStorage.clear(), localStorage.clear()")
        # The sign-in, and the chosen language.
        context.clear_cookies()
        self._idle[kind].append(context)

    def close(self) -> None:
        """Close all profiles."""
        for contexts in self._idle.values():
            while contexts:
                contexts.pop().close()


@dataclass(frozen=True)
class Site:
    """A running server, and the browser in front of it."""

    address: str
    browser: Browser
    database: Database
    audit_url: str
    logs: Path
    traces: Traces = field(default_factory=Traces)
    _profiles: IdleProfiles = field(default_factory=IdleProfiles)
    # The cookies of each role's sign-in, by the address.
    _sign_ins: dict[tuple[str, Role], Any] = field(default_factory=dict)

    def write(self, operation: Callable[[Session], T]) -> T:
        """Write to the database directly; the next page that is drawn shows it."""
        return write_everywhere(self.database, operation)

    def read_primary(self, operation: Callable[[Session], T]) -> T:
        """Return what the primary shows, which is everything committed."""
        return self.database.write(operation, identity=SYSTEM).value

    @contextmanager
    def lend(
        self,
        role: Role | None = Role.STAFF,
        *,
        scheme: str = "light",
        width: int = 1440,
        at: str | None = None,
        has_touch: bool = False,
        is_new: bool = False,
    ) -> Iterator[Page]:
        """Lend the tab of somebody of the role, in a profile that others use later.

        In a tab that has shown Chartroom before, a page takes a third of what it takes
        in a profile of its own: its scripts are loaded already. Nothing else is left of
        its previous user, whoever that was: as on a clinic's shared desk, somebody else
        signs in, and the browser's own storage is cleared. A test that needs scripts to
        be fetched, or changes a profile for good, uses `visit` instead.

        Without a role nobody is signed in. Without `at` the tab shows no page of
        Chartroom yet. A new sign-in has only just begun and has no proof by passkey.
        """
        # Sign-in pages are cheap, and their tests use keys and profiles without a
        # sign-in.
        kind = (self.address, role is not None, has_touch)
        context = self._profiles.take(kind) or self.visit(None, has_touch=has_touch)
        if role:
            self._let_in(context, role, is_new=is_new)
        page = context.pages[0]
        # A browser draws a tab only while it is visible.
        page.bring_to_front()
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(
            # As it is, printed or on the screen, whatever the previous test looked at.
            media="null",
            color_scheme="dark" if scheme == "dark" else "light",
        )
        if at is not None:
            page.goto(at)
            page.get_by_role("heading", level=1).wait_for()
        try:
            yield page
        finally:
            self._profiles.give_back(kind, context, page)

    def _let_in(self, context: BrowserContext, role: Role, *, is_new: bool) -> None:
        """Sign in somebody of the role, using an earlier sign-in if there is one."""
        whose = (self.address, role)
        if not is_new and whose in self._sign_ins:
            context.add_cookies(self._sign_ins[whose])
            # Some tests end every sign-in of a person.
            if _is_signed_in(context):
                return
        self.sign_in_anew(context, role)
        self._sign_ins[whose] = context.cookies()

    def sign_in_anew(self, context: BrowserContext, role: Role) -> None:
        """Sign in somebody of the role once more, without a proof by passkey."""
        context.clear_cookies()
        self._sign_in(context, role)

    def close(self) -> None:
        """Close all profiles that were lent."""
        self._profiles.close()

    def visit(
        self,
        role: Role | None = Role.STAFF,
        *,
        scheme: str = "light",
        width: int = 1440,
        at: str | None = None,
        is_led_around: bool = False,
        has_touch: bool = False,
    ) -> BrowserContext:
        """Return a new browser profile in which somebody of the role is signed in.

        Its only tab shows the page `at`; without one, nothing yet. The tour of a first
        visit is shown only with `is_led_around`.
        """
        context = new_profile(
            self.browser,
            base_url=self.address,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
            accept_downloads=True,
            reduced_motion="reduce",
            has_touch=has_touch,
        )
        self.traces.watch(context)
        listen(context)
        if not is_led_around:
            context.add_init_script(_KNOWS_THE_WAY)
        page = context.new_page()
        if role:
            self._sign_in(context, role)
        if at is not None:
            page.goto(at)
            page.get_by_role("heading", level=1).wait_for()
        return context

    def _sign_in(self, context: BrowserContext, role: Role) -> None:
        """Sign in with the requests of the demo's forms, which their own tests draw."""
        # The server may be closing the connection that was kept open.
        ask = context.request.get("/sign-in", max_retries=2).text()
        name = cast.DEMO[role].name
        email = re.search(rf'value="([^"]+)"[^>]*>\s*<[^>]+>{name}<', ask)
        assert email, "the demo offers nobody of the role"
        # As a browser sends it with a form from this site.
        here = {"Origin": self.address}
        form = {"email": email[1], "next": "/"}
        text = context.request.post("/sign-in", form=form, headers=here).text()
        # The demo shows the code on the page.
        code = re.search(r'class="digits">(\d{6})<', text)
        assert code, "no code is shown"
        form = {"code": code[1]}
        answer = context.request.post("/sign-in/code", form=form, headers=here)
        assert answer.url == f"{self.address}/"
        self.traces.secrets.add(code[1])
        self.traces.secrets.update(cookie["value"] for cookie in context.cookies())


def _is_signed_in(context: BrowserContext) -> bool:
    """Return whether the first page can be opened; without a sign-in it redirects."""
    # The server may be closing the connection kept open since the last request.
    return context.request.get("/", max_redirects=0, max_retries=2).ok


# A busy machine is slow, not wrong.
expect.set_options(timeout=_SECONDS * 1000)


def new_profile(browser: Browser, **options: Any) -> BrowserContext:
    """Make a profile with Playwright's options; it waits as long as expectations do."""
    context = browser.new_context(**options)
    context.set_default_timeout(_SECONDS * 1000)
    return context


def find_chromium() -> str | None:
    """Return the Chromium to start; None for Playwright's own.

    CHARTROOM_CHROMIUM names one to use instead of the system's.
    """
    return (
        os.environ.get("CHARTROOM_CHROMIUM")
        or shutil.which("chromium-headless-shell")
        or shutil.which("chromium")
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add what the browser showed to the report of a failure."""
    report = yield
    browser = getattr(item, "funcargs", {}).get("browser")
    if report.failed and call.when != "teardown" and browser is not None:
        report.sections.append(("browser", evidence(browser)))
    return report


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, which ends with the tests."""
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        wait_first(patch)
        chromium = playwright.chromium.launch(
            executable_path=find_chromium(),
            args=[*CHROMIUM_FLAGS, *_SHORT_LIVED, _RESOLVING],
        )
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def serve(
    browser: Browser,
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[..., AbstractContextManager[Site]]:
    """Serves a clinic with the demo's people, optionally with patients and settings."""

    @contextmanager
    def served(traces: str = "", patients: int = 0, **settings: str) -> Iterator[Site]:
        data = tmp_path_factory.mktemp("data")
        with (
            databases.fresh(template) as endpoints,
            closing(Database(endpoints)) as database,
        ):
            database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
            if patients:
                seeding.seed(database, patients=patients)
            written = Traces(data / traces) if traces else Traces()
            with (
                chartroom(endpoints, data, **settings) as address,
                closing(
                    Site(address, browser, database, endpoints.audit_url, data, written)
                ) as site,
            ):
                yield site

    return served


@pytest.fixture(scope="session")
def site(serve: Callable[..., AbstractContextManager[Site]]) -> Iterator[Site]:
    """Chartroom with a small clinic in it."""
    with serve(
        noted_addresses.FILE,
        patients=_PATIENTS,
        program="tests.kit.noted_addresses",
        public_booking="true",
        allowed_hosts=OTHER_HOST,
    ) as site:
        yield site


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """A tab of the front desk, which shows no page yet."""
    with site.lend() as page:
        yield page


def file_pdf(page: Page, file: Path | FilePayload) -> None:
    """File a PDF without choosing anything else."""
    page.goto("/upload_documents")
    ready(page).locator("input[type=file]").set_input_files(file)
    # The button has an effect only once the file has arrived.
    page.get_by_label("Description").wait_for()
    page.get_by_role("button", name="File document").click()
    expect(page.get_by_text("is filed")).to_be_visible()


@contextmanager
def requested(of: Page | BrowserContext) -> Iterator[list[str]]:
    """Collect the addresses that a tab or a profile requests until the block ends."""
    addresses: list[str] = []

    def note(request: Request) -> None:
        addresses.append(request.url)

    of.on("request", note)
    yield addresses
    of.remove_listener("request", note)


def open_from_menu(page: Page, menu: str, name: str) -> None:
    """Choose a page in one of the menus at the top."""
    bar = page.get_by_role("navigation", name="App pages")
    bar.get_by_role("button", name=menu, exact=True).click()
    page.get_by_role("menuitem", name=name, exact=True).click()


def turn_to(page: Page, address: str) -> Page:
    """Show another page in a tab as links do, with its scripts already loaded.

    That takes a third of what `goto` takes. The state of the session stays, so this is
    for tests of what pages show and not of how they load.
    """
    shown, wanted = (urlsplit(url).path for url in (page.url, address))
    if shown == wanted or not page.locator(_MAY_TURN).count():
        page.goto(address)
    else:
        name = page.title()
        page.evaluate(_TURN, address)
        # All pages have different titles, and the new title comes with the new run.
        page.wait_for_function("name => document.title !== name", arg=name, polling=100)
    return ready(page)


def lines_of(element: Locator) -> int:
    """Return how many lines an element's text takes.

    A list that is drawn again removes its elements, which then have no lines.
    """
    return eventually(
        lambda: element.evaluate(
            """element => {
                const range = document.createRange()
                range.selectNodeContents(element)
                return new Set([...range.getClientRects()].map(({ top }) => top)).size
            }"""
        )
    )


def ready(page: Page) -> Page:
    """Wait until Streamlit has nothing left to do."""
    page.wait_for_function(
        "() => document.querySelector('[data-test-script-state]')"
        "?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-testid=stSkeleton]')",
        polling=100,
    )
    return page
