"""A real Chromium in front of the real server, on a database of the test cluster."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from db.endpoints import Endpoints
from db.routing import Database
from services import people, seeding
from services.actors import Role
from tests.conftest import Databases

_ROOT = Path(__file__).resolve().parents[2]
_SECONDS = 60
_PATIENTS = 300
# As root Chromium has no sandbox; the rest keeps it from asking Google things.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = {
    Role.STAFF: "Rosa Lindqvist",
    Role.CLINICIAN: "Dr. Amara Okafor",
    Role.ANALYST: "Jonas Weber",
    Role.ADMIN: "Ines Carvalho",
    Role.PATIENT: "Maya Brandt",
}


@dataclass(frozen=True)
class Site:
    """A running server, and the browser in front of it."""

    address: str
    browser: Browser
    database: Database

    def visit(
        self, role: Role = Role.STAFF, *, scheme: str = "light", width: int = 1440
    ) -> BrowserContext:
        """Return a browser profile in which somebody of the role is signed in."""
        context = self.browser.new_context(
            base_url=self.address,
            color_scheme="dark" if scheme == "dark" else "light",
            viewport={"width": width, "height": 900},
            accept_downloads=True,
        )
        context.set_default_timeout(_SECONDS * 1000)
        page = context.new_page()
        page.goto("/sign-in")
        page.get_by_role("button", name=NAMES[role]).click()
        page.get_by_role("heading", level=1).wait_for()
        return context


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium; CHARTROOM_CHROMIUM names another one than the system's."""
    found = os.environ.get("CHARTROOM_CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def site(
    browser: Browser,
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """The server as `python -m dashboard web` runs it, with a small clinic in it."""
    with (
        databases.fresh(template) as endpoints,
        closing(Database(endpoints)) as database,
    ):
        database.write(people.ensure_demo_people)
        seeding.seed(database, patients=_PATIENTS)
        port = _free_port()
        data = tmp_path_factory.mktemp("data")
        with (data / "web.log").open("w") as log:
            server = subprocess.Popen(
                [sys.executable, "-m", "dashboard", "web", "--port", str(port)],
                cwd=_ROOT,
                env=os.environ | _variables(endpoints, data),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            address = f"http://127.0.0.1:{port}"
            _await(f"{address}/sign-in", server)
            yield Site(address, browser, database)
        finally:
            server.terminate()
            server.wait(20)


@pytest.fixture
def page(site: Site) -> Iterator[Page]:
    """The front desk's first page."""
    context = site.visit()
    yield context.pages[0]
    context.close()


def settled(page: Page) -> Page:
    """Wait until Streamlit has nothing left to do."""
    page.wait_for_function(
        "() => document.querySelector('[data-test-script-state]')"
        "?.dataset.testScriptState === 'notRunning'"
        " && !document.querySelector('[data-testid=stSkeleton]')"
    )
    return page


def _variables(endpoints: Endpoints, data: Path) -> dict[str, str]:
    replicas = endpoints.replica_urls.items()
    return {
        "CHARTROOM_DATABASE_URL": endpoints.database_url,
        "CHARTROOM_REPLICA_URLS": ", ".join(f"{n}={url}" for n, url in replicas),
        "CHARTROOM_MONGO_URL": endpoints.mongo_url,
        "CHARTROOM_DEMO": "true",
        "CHARTROOM_DATA": str(data),
    }


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _await(address: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urlopen(address):  # noqa: S310 - an address of our own
                return
        except URLError:
            time.sleep(0.1)
    pytest.fail("The server did not start.")
