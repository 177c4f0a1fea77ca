"""An administrator new to Chartroom acts on the servers, by its pages alone.

Chartroom is started as a person starts it, with servers of its own that may be broken.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from db import embedded
from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from tests.browser.choosing import choose
from tests.browser.conftest import ready
from tests.browser.keyboard import Keys
from tests.browser.mouse import Mouse, counted
from tests.browser.people.test_passkeys import Device, add_passkey
from tests.kit import cast
from tests.launch.launcher import Launcher, sweep

pytestmark = pytest.mark.browser
WHY = "Trying out what I read in the guide"
# A busy machine takes its time to copy and to start.
_MILLISECONDS = 120_000


@pytest.fixture(scope="module")
def launched() -> Iterator[Launcher]:
    """Chartroom with an embedded cluster, for this module alone."""
    data = Path(tempfile.mkdtemp(prefix="chartroom-acting-"))
    launcher = Launcher(data)
    launcher.start()
    try:
        launcher.await_ready()
        yield launcher
        launcher.stop()
    finally:
        sweep(launcher)
        shutil.rmtree(data)


@pytest.fixture(scope="module")
def admin(launched: Launcher, browser: Browser) -> Iterator[Page]:
    """The administrator, who has just added a passkey and has never used it."""
    # By a name: browsers bind passkeys to no number.
    address = launched.address.replace("127.0.0.1", "localhost")
    context = browser.new_context(
        base_url=address, viewport={"width": 1440, "height": 900}
    )
    context.set_default_timeout(_MILLISECONDS)
    with closing(context):
        yield _signed_in(context, address)


def _signed_in(context: BrowserContext, address: str) -> Page:
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name=cast.INES.name).click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(f"{address}/")
    Device(page)
    add_passkey(page, "Blue key")
    return page


def follow(page: Page, link: str) -> None:
    """Go from page to page as the screen offers it."""
    ready(page).get_by_role("link", name=link, exact=True).first.click()
    page.get_by_role("heading", level=1, name=link).wait_for()
    ready(page)


def confirm(page: Page) -> None:
    """Use the passkey if the page asks for it; it comes back by itself."""
    button = ready(page).get_by_role("button", name="Confirm with a passkey")
    if button.count():
        button.click()
        button.wait_for(state="detached")
        ready(page)


def give_reason(page: Page) -> None:
    field = ready(page).get_by_role("textbox", name="Why").first
    field.fill(WHY)
    field.press("Tab")
    ready(page)


def metric(page: Page, label: str) -> str:
    shown = page.get_by_test_id("stMetric").filter(has_text=label)
    return shown.get_by_test_id("stMetricValue").inner_text()


def primary(launched: Launcher) -> str:
    endpoints = embedded.running(launched.data)
    assert endpoints is not None
    control = Control.of(endpoints)
    assert control is not None
    return next(node.name for node in control.nodes() if node.role == "primary")


def test_a_switchover_is_made_with_keys_alone_and_its_cost_told(
    launched: Launcher, admin: Page
):
    former = primary(launched)
    keys = Keys(admin)
    admin.goto("/")
    ready(admin)
    # Nobody has been here before: first somebody leads around.
    keys.press("Escape")
    keys.search("change the", "Change the primary", "Change the primary")
    keys.to("Confirm with a passkey")
    keys.press("Enter")
    # The page is left for the passkey, and opened anew: until then it is the old one.
    expect(admin.get_by_role("button", name="Confirm with a passkey")).to_have_count(0)
    expect(admin.get_by_text(f"{former} leads now")).to_be_visible()
    assert metric(admin, "Log lost") == "0 bytes"

    keys.to("Why")
    keys.write(WHY)
    keys.to("Switch over to")
    keys.press("Enter")

    expect(admin.get_by_text("Switchover under way")).to_be_visible()
    result = admin.get_by_text(re.compile("acknowledged writes are there"))
    result.wait_for()
    # How long that may be, a benchmark says.
    assert float(metric(admin, "Writers waited").removesuffix(" s")) > 0
    assert metric(admin, "Writes lost").startswith("0 of ")
    assert metric(admin, "Log lost") == "0 bytes"
    assert primary(launched) != former


def test_the_primary_is_changed_from_home_in_three_clicks(
    launched: Launcher, admin: Page
):
    former = primary(launched)
    admin.goto("/")
    mouse = Mouse(admin)

    with counted(mouse, "Change the primary"):
        mouse.click(ready(admin).get_by_role("link", name="Change the primary"))
        # Where the passkey was used a while ago; who has just used one is not asked.
        confirm(admin)
        mouse.type(admin.get_by_role("textbox", name="Why"), WHY)
        mouse.click(admin.get_by_role("button", name="Switch over to"))

    admin.get_by_text(re.compile("acknowledged writes are there")).wait_for()
    assert primary(launched) != former


def test_a_lost_server_is_brought_back_by_one_button(launched: Launcher, admin: Page):
    endpoints = embedded.running(launched.data)
    assert endpoints is not None
    control = Control.of(endpoints)
    assert control is not None
    lost = primary(launched)
    control.inflict(Fault.KILL_NODE, lost, seconds=300)
    admin.goto("/")
    follow(admin, "Replication")
    follow(admin, "Servers")
    confirm(admin)
    _choose(admin, lost)
    expect(admin.get_by_text("Does not answer")).to_be_visible()

    give_reason(admin)
    admin.get_by_role("button", name="Rejoin").click()

    admin.get_by_text(f"{lost} is back and streams").wait_for()
    admin.get_by_role("button", name="Close").click()
    expect(ready(admin).get_by_text("Streaming")).to_be_visible()
    assert primary(launched) != lost


def _choose(page: Page, name: str) -> None:
    server = page.get_by_role("option", name=name)
    choose(page, page.get_by_label("Which server"), server)
