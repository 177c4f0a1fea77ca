"""HAProxy with the configuration of docker-compose.yml, before two web servers."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext

from db.postgres import SYSTEM, Database
from deploy import make_secrets
from services.people.accounts import demo_accounts
from tests.browser.conftest import new_profile, ready
from tests.browser.running import chartroom, free_port, process
from tests.conftest import Databases
from tests.kit import cast
from tests.kit.waiting import eventually

_ROOT = Path(__file__).parents[3]
_HAPROXY = shutil.which("haproxy") or "/usr/sbin/haproxy"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not Path(_HAPROXY).exists(), reason="HAProxy is not installed here."
    ),
]


@dataclass(frozen=True)
class Front:
    """The front, and functions that stop each web server behind it."""

    port: int
    plain_port: int
    numbers_port: int
    servers: dict[str, ExitStack]
    addresses: dict[str, str]

    @property
    def address(self) -> str:
        """The address for browsers."""
        return f"https://127.0.0.1:{self.port}"

    def get(self, path: str) -> httpx.Response:
        """Request a path, without verifying the certificate."""
        return httpx.get(self.address + path, verify=False)  # noqa: S501 - our own


@pytest.fixture(scope="module")
def front(
    databases: Databases,
    template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Front]:
    """HAProxy before two web servers of one clinic."""
    data = tmp_path_factory.mktemp("front")
    make_secrets.make(data / "secrets")
    ports = {name: free_port() for name in ("", "PLAIN_", "METRICS_")}
    settings = {
        "trusted_proxies": "127.0.0.1",
        "public_url": f"https://127.0.0.1:{ports['']}",
    }
    variables = {
        "FRONT_ADDRESS": "127.0.0.1",
        "FRONT_CERTIFICATE": str(data / "secrets" / "front.pem"),
        **{f"FRONT_{name}PORT": str(port) for name, port in ports.items()},
    }
    with (
        databases.fresh(template) as endpoints,
        closing(Database(endpoints)) as database,
        ExitStack() as held,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        servers, addresses = {}, {}
        for name in ("web-1", "web-2"):
            servers[name] = held.enter_context(ExitStack())
            address = servers[name].enter_context(
                chartroom(endpoints, data, **settings)
            )
            addresses[name] = address.removeprefix("http://")
            variables[name.upper().replace("-", "_")] = addresses[name]
        command = [_HAPROXY, "-f", "deploy/haproxy/haproxy.cfg"]
        ready = f"http://127.0.0.1:{ports['METRICS_']}/health"
        log = data / "front.log"
        held.enter_context(process(command, log, variables, ready, cwd=_ROOT))
        yield Front(ports[""], ports["PLAIN_"], ports["METRICS_"], servers, addresses)
    assert "code=" not in log.read_text(), "A query string stands in the front's log."


def _signed_in(front: Front, browser: Browser) -> BrowserContext:
    context = new_profile(browser, base_url=front.address, ignore_https_errors=True)
    page = context.new_page()
    page.goto("/sign-in")
    page.get_by_role("button", name=cast.ROSA.name).click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_role("heading", level=1).wait_for()
    return context


def _server(context: BrowserContext) -> str:
    [name] = [c["value"] for c in context.cookies() if c["name"] == "chartroom_server"]
    return name


def test_plain_http_leads_to_tls(front: Front, browser: Browser):
    context = browser.new_context(ignore_https_errors=True)

    answer = context.request.get(
        f"http://127.0.0.1:{front.plain_port}/sign-in", max_redirects=0
    )

    assert answer.status == 301
    assert answer.headers["location"].startswith("https://")
    context.close()


@pytest.mark.parametrize("path", ["/metrics", "/health"])
def test_the_numbers_stay_inside(front: Front, path: str):
    assert front.get(path).status_code == 404


def test_browsers_are_told_to_stay_with_tls(front: Front):
    assert "max-age" in front.get("/sign-in").headers["Strict-Transport-Security"]


def test_the_front_tells_prometheus_which_servers_it_has(front: Front):
    address = f"http://127.0.0.1:{front.numbers_port}/metrics"
    with urlopen(address) as answer:
        metrics = answer.read().decode()

    for name in front.servers:
        assert f'proxy="web",server="{name}"' in metrics


def test_prometheus_collects_from_the_web_servers_and_the_front(
    front: Front, tmp_path: Path
):
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("Prometheus is not installed here.")
    shutil.copytree(_ROOT / "deploy/prometheus", tmp_path, dirs_exist_ok=True)
    config = tmp_path / "prometheus.yml"
    said = config.read_text().replace("scrape_interval: 5s", "scrape_interval: 1s")
    for name, address in front.addresses.items():
        said = said.replace(f"{name}:8501", address)
    config.write_text(said.replace("front:8404", f"127.0.0.1:{front.numbers_port}"))
    address = f"127.0.0.1:{free_port()}"
    command = [
        *(program, f"--config.file={config}", f"--storage.tsdb.path={tmp_path}/data"),
        f"--web.listen-address={address}",
    ]
    log = tmp_path / "prometheus.log"

    with process(command, log, {}, f"http://{address}/-/ready", cwd=tmp_path):
        wanted = {*front.addresses.values(), f"127.0.0.1:{front.numbers_port}"}
        eventually(lambda: _up(address), wanted.issubset)


def _up(address: str) -> set[str]:
    response = httpx.get(f"http://{address}/api/v1/query", params={"query": "up == 1"})
    return {
        series["metric"]["instance"] for series in response.json()["data"]["result"]
    }


def test_a_browser_stays_with_a_server_and_moves_on_when_that_is_gone(
    front: Front, browser: Browser
):
    context = _signed_in(front, browser)
    page = context.pages[0]
    first = _server(context)
    for _ in range(3):
        page.reload()
        page.get_by_role("heading", level=1).wait_for()
        assert _server(context) == first

    front.servers[first].close()

    page.reload()
    ready(page)
    page.get_by_role("heading", level=1).wait_for()
    assert _server(context) != first
    context.close()
