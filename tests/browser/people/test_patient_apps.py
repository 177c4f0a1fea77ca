"""A patient's app in Chromium, from asking the patient to reading their record."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from playwright.sync_api import expect

from services.core.actors import Role
from tests.browser.conftest import Site
from tests.kit import cast
from tests.kit.backend_services import TOKEN_PATH
from tests.kit.patient_apps import answer_in, register

pytestmark = pytest.mark.browser


class _Callback(BaseHTTPRequestHandler):
    """The app's page to which the browser returns, redirected once to another host."""

    def do_GET(self) -> None:
        host, _, port = self.headers["Host"].partition(":")
        if host == "localhost":
            self.send_response(302)
            self.send_header("Location", f"http://127.0.0.1:{port}{self.path}")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<h1>Heart diary</h1>")

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def serving() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Callback)
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}/callback"
    finally:
        server.shutdown()
        server.server_close()


def test_an_app_asks_its_patient_and_reads_their_record(site: Site) -> None:
    clinic = site.address.replace("127.0.0.1", "localhost")
    maya = cast.DEMO[Role.PATIENT]
    with serving() as callback, site.lend(None, width=390) as page:
        app = register(site.database, callback=callback, clinic=clinic)
        page.goto(app.address())
        page.get_by_role("button", name=maya.name).click()
        page.get_by_role("button", name="Sign in").click()

        expect(page.get_by_role("heading", level=1)).to_contain_text("read your record")
        expect(page.get_by_role("listitem").first).to_be_visible()
        page.get_by_role("button", name="Allow").click()

        expect(page.get_by_role("heading", name="Heart diary")).to_be_visible()
        # Chromium follows to the app's next host, which Chartroom's policy does not
        # name.
        led_to = callback.replace("localhost", "127.0.0.1")
        assert page.url.startswith(f"{led_to}?")
        code = answer_in(page.url)["code"]
        with httpx.Client(base_url=site.address) as program:
            token = program.post(TOKEN_PATH, data=app.form(code)).json()
            program.headers["Authorization"] = f"Bearer {token['access_token']}"
            own = program.get(f"/fhir/Patient/{token['patient']}")
        assert own.json()["resourceType"] == "Patient"

        page.goto("/account")
        # The page has buttons of the same name for sign-ins elsewhere.
        end = page.locator(f".st-key-account_app_{app.id}").get_by_role("button")
        end.click()
        expect(end).to_have_count(0)
        expect(page.get_by_text("Apps that read your record")).to_be_visible()
