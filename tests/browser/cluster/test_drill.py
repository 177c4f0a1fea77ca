"""An administrator practises a lost server from the page alone."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from db import schema
from db.embedded import Cluster
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people.accounts import demo_accounts
from tests.browser.conftest import Site, ready
from tests.browser.people.test_passkeys import Device, add_passkey
from tests.browser.running import free_port, warm_process

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

# The drill itself takes a quarter of a minute on a quiet machine.
_DRILL_MS = 180_000


@pytest.fixture
def site(browser: Browser, breakable: Cluster, tmp_path: Path) -> Iterator[Site]:
    """Chartroom on its own cluster, by a name: browsers bind passkeys to no number."""
    endpoints, port = breakable.endpoints, free_port()
    schema.bring_up_to_date(endpoints)
    with closing(Database(endpoints)) as database:
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        words = ["dashboard", "web", "--port", str(port)]
        own = {"CHARTROOM_DATA": str(breakable.folder.path)}
        address = f"http://localhost:{port}"
        ready = f"http://127.0.0.1:{port}/sign-in"
        with warm_process(words, tmp_path / "web.log", own, ready):
            yield Site(address, browser, database, endpoints.audit_url, tmp_path)


@pytest.fixture
def admin(site: Site) -> Iterator[Page]:
    """The administrator, who has a passkey."""
    context = site.visit(Role.ADMIN)
    page = context.pages[0]
    Device(page)
    add_passkey(page, "Desk")
    yield page
    context.close()


def test_a_lost_server_is_practised_from_the_page_alone(admin: Page):
    admin.goto("/drills")
    confirm = ready(admin).get_by_role("button", name="Confirm with a passkey")
    confirm.click()
    admin.wait_for_url("**/sign-in/confirm?**")
    admin.wait_for_url("**/drills")
    confirm.wait_for(state="detached")
    row = ready(admin).get_by_role("row").filter(has_text="Lost server")

    row.get_by_role("button", name="Practise").click()
    admin.get_by_role("dialog").get_by_role("button", name="Practise: lost").click()

    expect(admin.get_by_text("A drill is running")).to_be_visible()
    expect(admin.get_by_text("with all that runs on it")).to_be_visible()
    results = admin.get_by_role("table", name="Drills").get_by_role("row")
    done = results.filter(has_text="Lost server")
    expect(done).to_contain_text("Promise", timeout=_DRILL_MS)
    # How long writers waited depends on the machine; what was lost does not.
    expect(done).to_contain_text("0 of ")
    expect(admin.get_by_text("could not be shown")).to_have_count(0)
