"""An administrator new to Chartroom operates the servers, by its pages alone.

The site runs on servers of its own that may be broken, as a launcher's does.
"""

import re
from collections.abc import Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Browser, Page, expect

from db import schema
from db.cluster.control_client import Control
from db.cluster.fault_kinds import Fault
from db.embedded import Cluster
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people.accounts import demo_accounts
from tests.browser.choosing import choose
from tests.browser.conftest import Site, ready
from tests.browser.keyboard import Keys
from tests.browser.mouse import Mouse, counted
from tests.browser.people.test_passkeys import Device, add_passkey
from tests.browser.running import free_port, warm_process
from tests.kit.clusters import BreakableCluster

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

WHY = "Trying out what I read in the guide"
# A busy machine takes its time for copying, starting, and drills.
_MILLISECONDS = 180_000
# The key under which a browser remembers that the tour was given.
_TOUR = "chartroom.tour"


@pytest.fixture(scope="module")
def site(
    browser: Browser,
    breakable_cluster: BreakableCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Chartroom on its own cluster, under a host name: passkeys need one."""
    cluster, port = breakable_cluster.whole(), free_port()
    folder = tmp_path_factory.mktemp("operations")
    schema.bring_up_to_date(cluster.endpoints)
    with closing(Database(cluster.endpoints)) as database:
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        words = ["dashboard", "web", "--port", str(port)]
        own = {"CHARTROOM_DATA": str(cluster.folder.path)}
        address = f"http://localhost:{port}"
        ready = f"http://127.0.0.1:{port}/sign-in"
        audit_url = cluster.endpoints.audit_url
        with warm_process(words, folder / "web.log", own, ready):
            yield Site(address, browser, database, audit_url, folder)


@pytest.fixture(scope="module")
def desk(site: Site) -> Iterator[Page]:
    """The tab of an administrator who has a passkey and has seen the tour."""
    with closing(site.visit(Role.ADMIN, is_led_around=True)) as context:
        context.set_default_timeout(_MILLISECONDS)
        page = context.pages[0]
        Device(page)
        add_passkey(page, "Blue key")
        page.evaluate(f"localStorage.setItem('{_TOUR}', 'never')")
        yield page


@pytest.fixture
def admin(site: Site, desk: Page) -> Page:
    """The administrator, newly signed in without a proof by passkey.

    What other tests proved with the passkey before could expire between a look at the
    page and a click on its button.
    """
    desk.goto("/health")
    site.sign_in_anew(desk.context, Role.ADMIN)
    return desk


@pytest.fixture
def newcomer(admin: Page) -> Page:
    """The administrator at a first visit, even if the tour was given before."""
    admin.evaluate(f"localStorage.removeItem('{_TOUR}')")
    return admin


def follow(page: Page, link: str) -> None:
    """Follow a link that the page offers."""
    ready(page).get_by_role("link", name=link, exact=True).first.click()
    page.get_by_role("heading", level=1, name=link).wait_for()
    ready(page)


def confirm(page: Page) -> None:
    """Confirm with the passkey, as the page asks; the page comes back by itself."""
    button = ready(page).get_by_role("button", name="Confirm with a passkey")
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


def primary(cluster: Cluster) -> str:
    leads = cluster.primary()
    assert leads is not None
    return leads.name


def test_a_switchover_is_made_with_keys_alone_and_its_cost_told(
    breakable: Cluster, newcomer: Page
):
    former = primary(breakable)
    keys = Keys(newcomer)
    newcomer.goto("/")
    ready(newcomer)
    # On a first visit the tour comes first.
    keys.press("Escape")
    keys.search("change the", "Change the primary", "Change the primary")
    keys.to("Confirm with a passkey")
    keys.press("Enter")
    # The page is left for the passkey and opened again; until then this is the old one.
    expect(newcomer.get_by_role("button", name="Confirm with a passkey")).to_have_count(
        0
    )
    expect(newcomer.get_by_text(f"{former} leads now")).to_be_visible()
    assert metric(newcomer, "Log lost") == "0 bytes"

    keys.to("Why")
    keys.write(WHY)
    keys.to("Switch over to")
    keys.press("Enter")

    expect(newcomer.get_by_text("Switchover under way")).to_be_visible()
    result = newcomer.get_by_text(re.compile("acknowledged writes are there"))
    result.wait_for()
    # How long that may be is for a benchmark.
    assert float(metric(newcomer, "Writers waited").removesuffix(" s")) > 0
    assert metric(newcomer, "Writes lost").startswith("0 of ")
    assert metric(newcomer, "Log lost") == "0 bytes"
    assert primary(breakable) != former


def test_the_primary_is_changed_from_home_in_three_clicks(
    breakable: Cluster, admin: Page
):
    former = primary(breakable)
    admin.goto("/")
    mouse = Mouse(admin)

    with counted(mouse, "Change the primary"):
        mouse.click(ready(admin).get_by_role("link", name="Change the primary"))
        # Somebody who has just used a passkey is not asked for it.
        confirm(admin)
        mouse.type(admin.get_by_role("textbox", name="Why"), WHY)
        mouse.click(admin.get_by_role("button", name="Switch over to"))

    admin.get_by_text(re.compile("acknowledged writes are there")).wait_for()
    assert primary(breakable) != former


def test_a_lost_server_is_brought_back_by_one_button(breakable: Cluster, admin: Page):
    control = Control.of(breakable.endpoints)
    assert control is not None
    lost = primary(breakable)
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
    assert primary(breakable) != lost


def test_a_lost_server_is_practised_from_the_page_alone(
    breakable: Cluster, admin: Page
):
    admin.goto("/drills")
    confirm(admin)
    row = ready(admin).get_by_role("row").filter(has_text="Lost server")

    row.get_by_role("button", name="Run").click()
    admin.get_by_role("dialog").get_by_role("button", name="Run: lost").click()

    expect(admin.get_by_text("A drill is running")).to_be_visible()
    expect(admin.get_by_text("with all that runs on it")).to_be_visible()
    table = admin.get_by_role("table", name="Drills", exact=True)
    done = table.get_by_role("row").filter(has_text="Lost server")
    expect(done).to_contain_text("Promise", timeout=_MILLISECONDS)
    # How long writers waited depends on the machine; what was lost does not.
    expect(done).to_contain_text("0 of ")
    expect(admin.get_by_text("could not be shown")).to_have_count(0)


def _choose(page: Page, name: str) -> None:
    server = page.get_by_role("option", name=name)
    choose(page, page.get_by_label("Which server"), server)
