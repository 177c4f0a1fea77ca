"""Ways to be signed in, for tests of what comes after it."""

import re
from uuid import UUID

import httpx

from db.postgres import Database
from db.postgres.identity import ANONYMOUS
from services.people import sessions


def cookie_of(database: Database, user_id: UUID) -> str:
    """Sign somebody in, and return the Cookie header of their browser."""
    started = database.write(
        lambda session: sessions.start(
            session, user_id, method="code", network=None, browser=None
        ),
        identity=ANONYMOUS,
    )
    return f"chartroom={started.value.token}"


def sign_in(browser: httpx.Client, email: str, way_on: str = "/") -> httpx.Response:
    """Sign in with the code that the demo shows; return the response to the code."""
    browser.post("/sign-in", data={"email": email, "next": way_on})
    return browser.post("/sign-in/code", data={"code": shown_code(browser)})


def shown_code(browser: httpx.Client) -> str:
    """Read the code from the demo's page."""
    match = re.search(r'class="digits">(\d{6})<', browser.get("/sign-in/code").text)
    assert match, "no code is shown"
    return match[1]
