"""`--https`: the front's own authority, and what follows from it for browsers."""

import socket
import ssl
import stat
from collections.abc import Iterator

import httpx
import pytest

from db.endpoints import Endpoints
from services.core.actors import Role
from tests.browser.running import variables
from tests.dashboard.passkey_pages import add_passkey, enter
from tests.kit import cast
from tests.kit.authenticator import Authenticator
from tests.kit.signing_in import sign_in
from tests.launch.fronted import needs_caddy
from tests.launch.launcher import Launcher, serving

pytestmark = [
    pytest.mark.launch,
    needs_caddy,
]


@pytest.fixture(scope="module")
def served(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Launcher]:
    """One web process behind the front, which also has a host name of the clinic."""
    data = tmp_path_factory.mktemp("https") / "data"
    launcher = Launcher(data, "--empty", "--https", is_warm=True)
    settings = variables(module_endpoints, launcher.data)
    with serving(
        launcher, **settings, CHARTROOM_ALLOWED_HOSTS="chartroom.clinic.lan"
    ) as served:
        yield served


@pytest.fixture
def trust(served: Launcher) -> ssl.SSLContext:
    """What a desk trusts: only the authority in the file that the launcher names."""
    sentence = next(line for line in served.output.splitlines() if "trust" in line)
    return ssl.create_default_context(cafile=sentence.rpartition(" installed: ")[2])


@pytest.fixture
def browser(served: Launcher, trust: ssl.SSLContext) -> Iterator[httpx.Client]:
    """A browser at a desk that trusts the authority."""
    address = f"https://localhost:{served.port}"
    own = {"Origin": address, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=address, verify=trust, headers=own, timeout=30) as desk:
        yield desk


def test_the_address_that_is_told_begins_with_https(served: Launcher):
    assert f"https://localhost:{served.port}\n" in served.output


@pytest.mark.parametrize(
    "name", ["localhost", "127.0.0.1", "chartroom.clinic.lan"], ids=str
)
def test_a_desk_that_trusts_the_authority_is_served_over_http_2(served, trust, name):
    trust.set_alpn_protocols(["h2", "http/1.1"])

    with (
        socket.create_connection(("127.0.0.1", served.port)) as line,
        trust.wrap_socket(line, server_hostname=name) as secured,
    ):
        assert secured.selected_alpn_protocol() == "h2"


def test_a_desk_that_does_not_trust_it_is_warned(served: Launcher):
    with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
        httpx.get(f"https://localhost:{served.port}/sign-in")


def test_who_writes_http_is_led_to_https_at_the_same_port(served: Launcher):
    answer = httpx.get(f"http://localhost:{served.port}/sign-in")

    assert answer.status_code == 308
    assert answer.headers["location"] == f"https://localhost:{served.port}/sign-in"


def test_every_cookie_and_page_stays_with_tls(browser: httpx.Client):
    let_in = sign_in(browser, cast.ROSA.email)

    cookies = [*let_in.headers.get_list("set-cookie")]
    first = browser.get("/sign-in", headers={"Cookie": ""})
    cookies += first.headers.get_list("set-cookie")
    assert any(cookie.startswith("__Host-chartroom=") for cookie in cookies)
    assert any(cookie.startswith("chartroom_server=") for cookie in cookies)
    assert [cookie for cookie in cookies if "; Secure" not in cookie] == []
    assert "max-age" in first.headers["Strict-Transport-Security"]


def test_passkeys_are_bound_to_the_name_and_let_in(
    served: Launcher, browser: httpx.Client
):
    device = Authenticator(f"https://localhost:{served.port}", "localhost")
    sign_in(browser, cast.DEMO[Role.ADMIN].email)

    assert add_passkey(browser, device).status_code == 303
    browser.cookies.clear()

    assert enter(browser, device).headers["location"] == "/"


def test_the_keys_of_the_authority_are_for_their_owner_only(served: Launcher):
    keys = list((served.data / "front").rglob("*.key"))

    assert len(keys) >= 3
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}
