"""The pages of a document while the file store hangs or is down, and afterwards."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Browser, expect

from db.embedded import Cluster
from services.core.actors import Role
from tests.browser.conftest import Site
from tests.browser.documents.filing import address_of, file_letter
from tests.browser.failover_site import assert_no_traceback, clinic_on
from tests.conftest import BreakableCluster
from tests.kit.breaking import suspended

pytestmark = [pytest.mark.browser, pytest.mark.cluster]

Loss = Callable[[Cluster], AbstractContextManager[None]]
SENTENCE = "is taking longer than usual"
PAGES = ("One", "Two", "Three")


def mongod(cluster: Cluster) -> psutil.Process:
    """Return the process of the file store."""
    return next(p for p in cluster.processes() if Path(p.exe()).name == "mongod")


@contextmanager
def hanging(cluster: Cluster) -> Iterator[None]:
    """Suspend the file store: it accepts requests and does not answer."""
    with suspended(mongod(cluster)):
        yield


@contextmanager
def down(cluster: Cluster) -> Iterator[None]:
    """Kill the file store, so that the route for pages answers 503."""
    with cluster.unsupervised():
        mongod(cluster).kill()
        yield


@pytest.fixture(scope="module")
def site(
    browser: Browser,
    breakable_cluster: BreakableCluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """Chartroom on a cluster whose file store may be lost."""
    with clinic_on(
        breakable_cluster.whole(), browser, tmp_path_factory.mktemp("data")
    ) as site:
        yield site


@pytest.mark.parametrize(
    ("lost", "width", "scheme"),
    [(hanging, 1440, "light"), (down, 390, "dark")],
    ids=["hanging-desk", "down-phone"],
)
def test_a_page_that_cannot_be_fetched_says_so_and_comes_by_itself(
    site: Site, breakable: Cluster, lost: Loss, width: int, scheme: str
):
    with site.lend(Role.STAFF, width=width, scheme=scheme) as page:
        # Nobody has opened it, so no picture of it is cached anywhere.
        document_id = file_letter(site, "letter", *PAGES)
        answers: set[int] = set()
        # Each test has its own pages, so other tests' responses do not count here.
        page.on(
            "response", lambda a: answers.add(a.status) if "/pages/" in a.url else None
        )

        with lost(breakable):
            page.goto(address_of(document_id))
            first = page.locator(".document-pages .page").first
            expect(first.locator(".skeleton")).to_be_visible()
            said = first.get_by_role("status")
            expect(said).to_contain_text(SENTENCE)
            expect(said).to_be_in_viewport()
            expect(first.locator("img")).to_have_count(0)

        picture = page.get_by_alt_text(f"Page 1 of {len(PAGES)}")
        given_up = first.get_by_role("button", name="Try again")
        expect(picture.or_(given_up)).to_be_visible()
        assert answers <= {200, 503}
        expect(picture).to_be_visible()
        expect(page.get_by_text(SENTENCE)).to_have_count(0)
        expect(first.locator(".skeleton")).to_have_count(0)
        assert_no_traceback(site, page)
