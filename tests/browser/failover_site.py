"""Chartroom on a cluster whose leader a test changes."""

import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from db.embedded import Cluster
from db.postgres import SYSTEM, Database
from services.demo import seeding
from services.people.accounts import demo_accounts
from tests.browser.conftest import Site
from tests.browser.running import chartroom
from tests.conftest import fresh_database


@contextmanager
def clinic_on(cluster: Cluster, browser: Browser, data: Path) -> Iterator[Site]:
    """Serve a small clinic of its own on a cluster that may be broken."""
    with (
        fresh_database(cluster.addresses) as endpoints,
        closing(Database(endpoints)) as database,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        seeding.seed(database, patients=20)
        # Shorter than the default of 30 seconds, so that nobody waits long in vain.
        with (
            chartroom(endpoints, data, retry_seconds="20") as address,
            closing(
                Site(address, browser, database, endpoints.audit_url, data)
            ) as site,
        ):
            yield site


def assert_no_traceback(site: Site, *pages: Page) -> None:
    """Expect that no page shows an unexpected error, and that none was logged."""
    for page in pages:
        expect(page.get_by_text("could not be shown")).to_have_count(0)
    logged = "".join(log.read_text() for log in site.logs.glob("web-*.log"))
    accident = re.search("Traceback|incident", logged)
    # The end of the log explains the error, so it is the assertion's message.
    assert accident is None, logged[max(accident.start() - 2_000, 0) :]
