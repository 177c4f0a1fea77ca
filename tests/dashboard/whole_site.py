"""Chartroom itself with all its pages, tested over their websocket."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg2

from db.endpoints import Endpoints
from db.json_http import machine_trust
from db.postgres import Database
from services.core.actors import Role
from tests.browser.running import chartroom, free_port
from tests.conftest import owner
from tests.dashboard.conftest import demo_of
from tests.dashboard.page import Page, cookies_of, kept_open, stream
from tests.kit import cast
from tests.kit.replicas import await_everywhere
from tests.kit.signing_in import sign_in


class WholeSite:
    """A running server, its log and its database."""

    def __init__(self, address: str, log: Path, endpoints: Endpoints) -> None:
        self.address = address
        self.log = log
        self._endpoints = endpoints
        self._owner = owner(endpoints)

    def signed_in(self, role: Role) -> AbstractContextManager[Page]:
        """Open the home page of somebody with this role."""
        cookies = self._sign_in(role)
        return kept_open(self.address, cookies=cookies, origin=self.address)

    @contextmanager
    def connected(self, role: Role) -> Iterator[Page]:
        """Open a connection of somebody with this role that requests nothing."""
        cookies = self._sign_in(role)
        with stream(self.address, cookies=cookies, origin=self.address) as opened:
            yield Page(opened)

    def _sign_in(self, role: Role) -> str:
        headers = {"Origin": self.address, "Sec-Fetch-Site": "same-origin"}
        trust = machine_trust()
        with httpx.Client(
            base_url=self.address, headers=headers, verify=trust
        ) as browser:
            assert sign_in(browser, cast.DEMO[role].email).status_code == 303
            return cookies_of(browser)

    def lines(self) -> list[dict[str, Any]]:
        """Return the log so far, without a line that is still being written."""
        whole, _, _ = self.log.read_text().rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def complaints(self) -> list[str]:
        """Return the logged warnings and errors, each with its cause."""
        return [
            "\n".join((line["event"], *line.get("exception", "").splitlines()))
            for line in self.lines()
            if line["level"] in {"warning", "error"}
        ]

    def run_sql(self, statement: str, *values: object) -> None:
        """Change the database as its owner, and wait until all servers show it."""
        with closing(psycopg2.connect(self._owner)) as connection, connection:
            connection.cursor().execute(statement, values)
        with closing(Database(self._endpoints)) as database:
            await_everywhere(database)

    def count(self, table: str) -> int:
        """Count the rows of a table."""
        with (
            closing(psycopg2.connect(self._owner)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(f"SELECT count(*) FROM {table}")
            (count,) = cursor.fetchone() or (0,)
        return int(count)


@contextmanager
def whole_site(endpoints: Endpoints, folder: Path) -> Iterator[WholeSite]:
    """Run Chartroom for the demo's people."""
    demo_of(endpoints)
    port = free_port()
    with chartroom(endpoints, folder, port=port) as address:
        yield WholeSite(address, folder / f"web-{port}.log", endpoints)
