"""Replicas that stand still: page and API go on to show what was written."""

from collections.abc import Iterator
from contextlib import closing

import httpx
import pytest
from playwright.sync_api import Browser, expect

from db import schema
from db.embedded import Cluster
from db.postgres import SYSTEM, Database
from services.core.actors import Role
from services.people import tokens
from services.people.accounts import demo_accounts
from tests.browser.conftest import Site
from tests.browser.patients.test_front_desk import find, registered, unlike
from tests.browser.running import chartroom
from tests.conftest import fresh_database
from tests.kit import cast
from tests.kit.breaking import replay_paused

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

ADA = cast.body_of(cast.ADA, "email")


@pytest.fixture
def site(
    browser: Browser, breakable: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Chartroom on the cluster that may be broken."""
    with (
        fresh_database(breakable.addresses) as endpoints,
        closing(Database(endpoints)) as database,
    ):
        schema.bring_up_to_date(endpoints)
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        data = tmp_path_factory.mktemp("data")
        with chartroom(endpoints, data) as address:
            yield Site(address, browser, database, endpoints.audit_url, data)


def test_a_page_shows_what_was_saved_though_no_replica_has_it(
    site: Site, breakable: Cluster
):
    page, last = site.visit().pages[0], unlike()

    with replay_paused(breakable):
        registered(page, "Patience", last)
        find(page, last)
        expect(page.get_by_text(f"1 patient matching “{last}”")).to_be_visible()
        expect(page.get_by_text(", primary db-")).to_be_visible()
        with page.expect_download() as download:
            page.get_by_role("link", name="CSV").click()
        colleague = site.visit(Role.CLINICIAN).pages[0]
        colleague.goto(page.url)

        # Nobody on a replica knows this list; its address leads to it all the same.
        expect(colleague.get_by_text(f"matching “{last}”")).to_be_visible()

    assert last in download.value.path().read_text("utf-8-sig")


def test_the_api_answers_with_what_was_written_though_no_replica_has_it(
    site: Site, breakable: Cluster
):
    token = site.database.write(
        lambda session: tokens.issue(session, Role.STAFF), identity=SYSTEM
    ).value
    api = httpx.Client(
        base_url=f"{site.address}/api/v1", headers={"Authorization": f"Bearer {token}"}
    )

    with replay_paused(breakable), api:
        written = api.post("/patients", json=ADA)
        api.headers["X-Chartroom-LSN"] = written.headers["X-Chartroom-LSN"]
        listed = api.get("/patients").json()["patients"]
        opened = api.get(f"/patients/{written.json()['uuid']}")

    assert opened.json()["last_name"] == "Lovelace"
    assert written.json()["uuid"] in {patient["uuid"] for patient in listed}
