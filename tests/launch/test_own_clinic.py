"""A clinic of its own on one machine: no demo, codes by mail, somebody to begin."""

import re
import subprocess
import sys
from collections.abc import Callable
from urllib.parse import urlsplit

import httpx
import pytest

from tests.kit import cast
from tests.kit.mailbox import Mailbox, mail_server
from tests.kit.waiting import eventually
from tests.launch.launcher import ROOT, Launcher

pytestmark = pytest.mark.launch


def _invite(launcher: Launcher) -> str:
    """Invite the first administrator; return the path of their link."""
    command = ["create-admin", "--email", cast.ADAM.email, "--name", cast.ADAM.name]
    ran = subprocess.run(
        [sys.executable, "-m", "dashboard", *command, "--data", str(launcher.data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    match = re.search(r"https?://\S+/welcome/\S+", ran.stdout)
    assert match, (ran.stdout, ran.stderr)
    return urlsplit(match[0]).path


def _code(mailbox: Mailbox) -> str:
    assert eventually(lambda: bool(mailbox.emails))
    match = re.match(r"(\d{6}) is your code", mailbox.emails[-1].get_content())
    assert match
    return match[1]


def test_a_clinics_own_people_come_in_and_nobody_invented(
    launch: Callable[..., Launcher],
):
    mailbox, launcher = Mailbox(), launch()
    with mail_server(mailbox) as port:
        launcher.start(
            CHARTROOM_DEMO="false",
            CHARTROOM_SMTP_URL=f"smtp://127.0.0.1:{port}",
            CHARTROOM_MAIL_FROM="chartroom@clinic.test",
        )
        launcher.await_ready()
        link = _invite(launcher)
        headers = {"Sec-Fetch-Site": "same-origin"}
        with httpx.Client(base_url=launcher.address, headers=headers) as browser:
            first = browser.get("/sign-in").text
            invited = browser.get(link)
            browser.post("/sign-in", data={"email": cast.INES.email})
            browser.post("/sign-in", data={"email": cast.ADAM.email})
            answer = browser.post("/sign-in/code", data={"code": _code(mailbox)})
            page = browser.get("/")

    assert "dashboard create-admin" in launcher.output
    assert "Demo clinic" not in launcher.output
    assert "demonstration" not in first
    assert invited.status_code == 200
    assert (answer.status_code, page.status_code) == (303, 200)
    assert [email["To"] for email in mailbox.emails] == [cast.ADAM.email]
    assert launcher.stop() == 0
