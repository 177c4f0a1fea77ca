"""A rerun of the Patients page against a bare script that shows the same 20 rows.

Both are requested over the websocket, as a browser does, from the rerun's request to
its end; first alone, then by ten tabs at once until the last has its page. Run as
`python -m benchmarks.pages`; CHARTROOM_TEST_CLUSTER names a cluster.
"""

import csv
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import ClientConnection, connect

from benchmarks.fresh import endpoints
from benchmarks.measure import compare
from db.postgres import SYSTEM, Database
from services.core.actor_database import ActorDatabase
from services.core.actors import Role
from services.demo import seeding
from services.lists.criteria import Criteria
from services.patients import search
from services.patients.records.model import PatientRecord
from services.people.accounts import demo_accounts
from tests.browser.running import chartroom, free_port, process
from tests.kit.signing_in import sign_in

PATIENTS = 20_000
ROUNDS = 60
TABS = 10

_BARE = """
import pandas as pd
import streamlit as st


@st.cache_resource
def frame():
    return pd.read_csv({path!r})


st.dataframe(frame())
"""


class Tab:
    """One open tab, as its server sees it."""

    def __init__(self, connection: ClientConnection, page: str, query: str) -> None:
        self._connection = connection
        self._page, self._page_hash, self._query = page, "", query
        self.rerun()

    def rerun(self) -> None:
        """Request a rerun, and wait until its last message is here."""
        question = BackMsg()
        state = question.rerun_script
        state.query_string = self._query
        if self._page_hash:
            state.page_script_hash = self._page_hash
        else:
            state.page_name = self._page
        self._connection.send(question.SerializeToString())
        while True:
            answer = ForwardMsg()
            answer.ParseFromString(bytes(self._connection.recv()))
            # A new session names the app's script; only its menu names the page.
            if answer.HasField("navigation"):
                self._page_hash = answer.navigation.page_script_hash
            if answer.HasField("script_finished"):
                return


def main() -> float:
    """Print both lines and return the ratio of the first; above 2 is a defect."""
    with (
        tempfile.TemporaryDirectory() as folder,
        endpoints() as fresh,
        closing(Database(fresh)) as database,
    ):
        database.write(demo_accounts.ensure_demo_people, identity=SYSTEM)
        seeding.seed(database, patients=PATIENTS)
        with (
            chartroom(fresh, Path(folder), is_cold=True) as address,
            _bare(Path(folder), _first_page(database)) as bare,
        ):
            cookie = signed_in(address)
            with (
                opened(address, "patients", cookie=cookie) as ours,
                opened(bare, "") as peer,
            ):
                ratio = compare("page", ours.rerun, peer.rerun, rounds=ROUNDS)
            with (
                _at_once(address, "patients", cookie=cookie) as all_ours,
                _at_once(bare, "") as all_peers,
            ):
                name = f"{TABS} pages at once"
                compare(name, all_ours, all_peers, rounds=ROUNDS // 3)
            return ratio


def _first_page(database: Database) -> tuple[PatientRecord, ...]:
    clerk = next(
        actor
        for actor in database.read(demo_accounts.demo_people, identity=SYSTEM).value
        if actor.role is Role.STAFF
    )
    return (
        ActorDatabase(database, clerk)
        .read(lambda session: search.list_patients(session, clerk, Criteria()))
        .value.rows
    )


@contextmanager
def _bare(folder: Path, rows: tuple[PatientRecord, ...]) -> Iterator[str]:
    """Serve a script of three lines with Streamlit's own command."""
    frame, script = folder / "frame.csv", folder / "bare.py"
    with frame.open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["name", "born", "sex", "phone", "email", "allergies"])
        for row in rows:
            name = f"{row.last_name}, {row.first_name}"
            contact = (row.phone_number, row.email)
            allergies = ", ".join(row.allergies)
            table.writerow([name, row.date_of_birth, row.sex, *contact, allergies])
    script.write_text(_BARE.format(path=str(frame)))
    port = free_port()
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
    address = f"http://127.0.0.1:{port}"
    with process(command, folder / "bare.log", {}, f"{address}/_stcore/health"):
        yield address


@contextmanager
def opened(
    address: str, page: str, *, cookie: str = "", query: str = ""
) -> Iterator[Tab]:
    """Open a page in a tab of its own."""
    with connect(
        f"ws://{urlsplit(address).netloc}/_stcore/stream",
        origin=address,
        subprotocols=["streamlit"],
        additional_headers={"Cookie": cookie} if cookie else {},
        max_size=None,
    ) as connection:
        yield Tab(connection, page, query)


@contextmanager
def _at_once(
    address: str, page: str, *, cookie: str = ""
) -> Iterator[Callable[[], object]]:
    """Open a page in many tabs; return an action that reruns them all at once."""
    with ExitStack() as stack:
        tabs = [
            stack.enter_context(opened(address, page, cookie=cookie))
            for _ in range(TABS)
        ]
        pool = stack.enter_context(ThreadPoolExecutor(TABS))
        yield lambda: list(pool.map(Tab.rerun, tabs))


def signed_in(address: str, email: str = "rosa.lindqvist@example.org") -> str:
    """Sign in as the front desk, or another person of the cast; return the cookie."""
    with httpx.Client(base_url=address) as client:
        client.headers["Origin"] = address
        answer = sign_in(client, email)
        return answer.headers["set-cookie"].partition(";")[0]


if __name__ == "__main__":
    main()
