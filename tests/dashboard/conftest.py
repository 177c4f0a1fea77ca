"""The whole server as its own process, on a database of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from db.endpoints import Endpoints
from db.routing import SYSTEM, Database
from services import people
from services.actors import Actor, Role
from tests.browser.running import free_port, process
from tests.browser.running import variables as settings
from tests.signing_in import sign_in

# Shows what a session keeps, and whose it is.
_SCRIPT = """
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
st.session_state.setdefault("secret", f"secret of {st.user.get('uid')}")
st.text(f"uid={st.user.get('uid')} {st.session_state.secret}")
if "break" in st.query_params:
    raise ValueError("Failing row contains (Lovelace)")
"""
SERVE = """
import sys
from pathlib import Path
from dashboard import logs, server
from db.settings import Settings
logs.configure()
server.run(Settings(), script=Path(sys.argv[1]))
"""


@dataclass
class Server:
    """A running server, its log, and the people who may be chosen."""

    port: int
    log: Path
    cast: dict[Role, Actor] = field(default_factory=dict)
    emails: dict[Role, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, **options) -> httpx.Client:
        """Return a client that behaves as a browser on our own page."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        return httpx.Client(base_url=self.url, headers=headers, **options)

    @contextmanager
    def signed_in(self, role: Role) -> Iterator[httpx.Client]:
        """Open a browser in which this person is signed in."""
        with self.browser() as browser:
            answer = sign_in(browser, self.emails[role])
            assert answer.status_code == 303
            yield browser


@pytest.fixture(scope="module")
def server(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Chartroom's server around a script of the tests' own."""
    folder = tmp_path_factory.mktemp("server")
    database = Database(module_endpoints)
    made = database.write(people.ensure_demo_people, acting=SYSTEM)
    cast = database.read(people.demo_cast, after=made.lsn, acting=SYSTEM).value
    database.close()
    port = free_port()
    running = Server(
        port,
        folder / "log",
        {person.actor.role: person.actor for person in cast},
        {person.actor.role: person.email for person in cast},
    )
    command = [sys.executable, "-c", SERVE, str(_script(folder))]
    variables = settings(module_endpoints, folder) | {"CHARTROOM_PORT": str(port)}
    with process(command, running.log, variables, f"{running.url}/sign-in"):
        yield running


@pytest.fixture
def stock(tmp_path: Path) -> Iterator[Server]:
    """Streamlit's own server around the same script."""
    running = Server(free_port(), tmp_path / "log")
    command = [sys.executable, "-m", "streamlit", "run", str(_script(tmp_path))]
    options = ["--server.port", str(running.port), "--server.headless", "true"]
    ready = f"{running.url}/_stcore/health"
    with process([*command, *options], running.log, {}, ready):
        yield running


def _script(folder: Path) -> Path:
    script = folder / "app.py"
    script.write_text(_SCRIPT)
    return script
