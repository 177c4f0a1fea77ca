"""The whole server as a process of its own, on a database of its own."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.files import file_keys
from db.json_http import machine_trust
from db.models.user import User
from db.postgres import SYSTEM, Database
from services.core.actors import Actor, Role
from tests.browser.running import (
    free_port,
    process,
    variables as settings,
    warm_process,
)
from tests.conftest import connect, owner
from tests.kit import cast, warm_start
from tests.kit.gateway import Messages, gateway
from tests.kit.mailbox import Mailbox, mail_server
from tests.kit.signing_in import sign_in

_ROOT = Path(__file__).resolve().parents[2]
# Shows the content of a session, and to whom it belongs.
_SCRIPT = """
import gc
import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
st.session_state.setdefault("secret", f"secret of {st.user.get('uid')}")
st.text(f"uid={st.user.get('uid')} {st.session_state.secret}")
if "media" in st.query_params:
    st.download_button("Report", b"a report on somebody", "report.txt")
if "upload" in st.query_params:
    st.file_uploader("Files", accept_multiple_files=True)
if "collected" in st.query_params:
    st.text(f"collected={gc.get_stats()[-1]['collections']} times")
if "actor" in st.query_params:
    from dashboard.context import current_actor, current_sign_in
    st.text(f"actor={current_actor().id} sign-in={current_sign_in()}")
if "break" in st.query_params:
    raise ValueError("Failing row contains (Lovelace)")
"""


@pytest.fixture
def run(
    endpoints: Endpoints, tmp_path: Path
) -> Callable[..., "subprocess.CompletedProcess[str]"]:
    """Run a command on a fresh database, in a folder of its own."""
    usual = settings(endpoints, tmp_path) | {
        "PYTHONPATH": str(_ROOT),
        "PYTHONWARNINGS": "error",
        "COLUMNS": "80",
    }

    def run(*words: object, **changed: str) -> "subprocess.CompletedProcess[str]":
        return warm_start.run(
            ["dashboard", *map(str, words)],
            cwd=tmp_path,
            env=os.environ | usual | changed,
        )

    return run


@dataclass
class Server:
    """A running server, its log, and the people who can be chosen."""

    port: int
    log: Path
    cast: dict[Role, Actor] = field(default_factory=dict)
    pid: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def browser(self, **options) -> httpx.Client:
        """Return a client that behaves like a browser on our own page."""
        headers = {"Origin": self.url, "Sec-Fetch-Site": "same-origin"}
        trust = machine_trust()
        return httpx.Client(base_url=self.url, headers=headers, verify=trust, **options)

    @contextmanager
    def signed_in(self, role: Role) -> Iterator[httpx.Client]:
        """Open a browser in which this person is signed in."""
        with self.browser() as browser:
            answer = sign_in(browser, cast.DEMO[role].email)
            assert answer.status_code == 303
            yield browser


@pytest.fixture(scope="module")
def server(
    module_endpoints: Endpoints, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """Chartroom's server with a script of the tests' own."""
    folder = tmp_path_factory.mktemp("server")
    people = demo_of(module_endpoints)
    with serving(module_endpoints, folder, cast=people) as running:
        yield running


def demo_of(endpoints: Endpoints) -> dict[Role, Actor]:
    """Add the demo's people to a database."""
    with closing(Database(endpoints)) as database:
        return database.write(cast.add_demo, identity=SYSTEM).value


@pytest.fixture
def guessed(endpoints: Endpoints, tmp_path: Path) -> Iterator[Server]:
    """A server of its own, for tests that use up the attempts of a network."""
    with serving(endpoints, tmp_path, cast=demo_of(endpoints)) as running:
        yield running


@pytest.fixture(scope="module")
def another(
    server: Server,
    module_endpoints: Endpoints,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A second server of the same clinic, as behind a load balancer."""
    folder = tmp_path_factory.mktemp("another")
    with serving(module_endpoints, folder, cast=server.cast) as running:
        yield running


@contextmanager
def serving(
    endpoints: Endpoints,
    folder: Path,
    *,
    cast: dict[Role, Actor],
    port: int | None = None,
    **changed: str,
) -> Iterator[Server]:
    """Run Chartroom's server with the script, with other settings where given."""
    running = Server(port or free_port(), folder / "log", cast)
    words = ["tests.dashboard.serving_script", str(_script(folder))]
    variables = settings(endpoints, folder) | {"CHARTROOM_PORT": str(running.port)}
    variables |= {f"CHARTROOM_{name.upper()}": value for name, value in changed.items()}
    ready = f"{running.url}/sign-in"
    with warm_process(words, running.log, variables, ready) as running.pid:
        yield running


@pytest.fixture
def kept(endpoints: Endpoints) -> Iterator[Session]:
    """The database as its owner sees it."""
    engine = connect(owner(endpoints))
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture(scope="module")
def mailbox() -> Mailbox:
    """The clinic's mail server."""
    return Mailbox()


@pytest.fixture(scope="module")
def messages() -> Iterator[Messages]:
    """The clinic's service for text messages."""
    with gateway() as messages:
        yield messages


@pytest.fixture(scope="module")
def clinic(
    module_endpoints: Endpoints,
    module_engine: Engine,
    mailbox: Mailbox,
    messages: Messages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server outside the demo; somebody is left over from a demo."""
    with Session(module_engine) as session, session.begin():
        # The whole demo is there already if the module has asked for its server.
        ines = select(User.id).where(User.email == cast.INES.email)
        if session.scalar(ines) is None:
            cast.add_account(session, cast.INES, is_demo=True)
    folder, port = tmp_path_factory.mktemp("clinic"), free_port()
    file_keys.make(folder / "file.keys")
    with (
        mail_server(mailbox) as mail_port,
        serving(
            module_endpoints,
            folder,
            cast={},
            port=port,
            demo="false",
            file_keys_file=str(folder / "file.keys"),
            public_url=f"http://127.0.0.1:{port}",
            smtp_url=f"smtp://127.0.0.1:{mail_port}",
            mail_from="Chartroom <chartroom@clinic.test>",
            sms_url=messages.url,
            sms_token="fennel-and-rhubarb",
            public_booking="true",
            # A test can then make visitors come from other addresses, with limits of
            # their own.
            trusted_proxies="127.0.0.1",
        ) as running,
    ):
        yield running


@pytest.fixture
def nobody() -> str:
    """An address that nobody has and for which no code was requested before."""
    return f"nobody-{uuid4().hex[:8]}@clinic.test"


@pytest.fixture
def rosa(module_engine: Engine) -> str:
    """The address of a person for whom no code was requested before."""
    email = f"rosa-{uuid4().hex[:8]}@clinic.test"
    with Session(module_engine) as session, session.begin():
        cast.add_account(session, cast.ROSA, email=email)
    return email


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Streamlit's own server with the same script."""
    folder = tmp_path_factory.mktemp("stock")
    running = Server(free_port(), folder / "log")
    command = [sys.executable, "-m", "streamlit", "run", str(_script(folder))]
    options = ["--server.port", str(running.port), "--server.headless", "true"]
    ready = f"{running.url}/_stcore/health"
    # The checkout's configuration is meant for Chartroom, not for stock Streamlit.
    with process([*command, *options], running.log, {}, ready, cwd=folder):
        yield running


def _script(folder: Path) -> Path:
    script = folder / "app.py"
    script.write_text(_SCRIPT)
    return script
