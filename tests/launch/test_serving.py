"""What a person sees of a running Chartroom, and how it ends."""

import json
import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg2
import pytest

from db import embedded
from services.core.actors import Role
from tests.conftest import owner
from tests.dashboard.page import cookies_of, kept_open
from tests.kit import cast, warm_start
from tests.kit.mailbox import Mailbox, mail_server
from tests.kit.scratch import scratch_folder
from tests.kit.signing_in import sign_in
from tests.kit.waiting import eventually
from tests.launch.conftest import ONLY_ROOT
from tests.launch.launcher import ROOT, Launcher, serving

pytestmark = pytest.mark.launch


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Launcher]:
    """A Chartroom started from nothing, in a folder with a difficult name."""
    with (
        scratch_folder(tmp_path_factory, "running") as folder,
        serving(Launcher(folder / "Ada's clinic, ärztlich")) as running,
    ):
        yield running


def test_health_and_first_page_answer(running: Launcher):
    assert running.get("/health").status_code == 200
    assert running.get("/").status_code == 200


@pytest.mark.parametrize(
    "stage",
    [
        "etcd",
        "PostgreSQL primary",
        "MongoDB",
        "Database schema",
        "Demo clinic",
        "PostgreSQL replicas",
        "Web server",
    ],
)
def test_each_stage_is_told_with_its_seconds(running: Launcher, stage: str):
    assert re.search(rf"^  {stage} +\d+\.\d s$", running.output, re.M)


def test_the_address_and_who_can_sign_in_are_told(running: Launcher):
    # By name: browsers make no passkeys for 127.0.0.1.
    assert f"http://localhost:{running.port}\n" in running.output
    for role in ("staff", "clinician", "analyst", "admin", "patient"):
        assert re.search(rf"^  \S.* {role}$", running.output, re.M)


# What the address of a page can name: one of each kind in the demo.
SUBJECTS = {
    "patient": "SELECT patient_id FROM documents WHERE patient_id IS NOT NULL LIMIT 1",
    "document": "SELECT id FROM documents LIMIT 1",
    "doctor": "SELECT id FROM doctors LIMIT 1",
    "user": "SELECT id FROM users LIMIT 1",
    "visit": "SELECT id FROM appointments LIMIT 1",
}


@pytest.fixture(scope="module")
def subjects(running: Launcher) -> str:
    """The query of an address that names one of each kind in the demo."""
    endpoints = embedded.running(running.data)
    assert endpoints is not None
    with (
        closing(psycopg2.connect(owner(endpoints))) as connection,
        connection.cursor() as cursor,
    ):
        connection.autocommit = True

        def find(statement: str) -> str | None:
            cursor.execute(statement)
            row = cursor.fetchone()
            return str(row[0]) if row else None

        # The worker files the demo's documents after the pages are up.
        eventually(lambda: find(SUBJECTS["patient"]))
        return "&".join(f"{name}={find(of)}" for name, of in SUBJECTS.items())


@pytest.mark.parametrize("role", cast.DEMO)
def test_every_page_of_the_demo_opens_for_everybody(
    running: Launcher, subjects: str, role: Role
):
    own = {"Origin": running.address, "Sec-Fetch-Site": "same-origin"}
    with httpx.Client(base_url=running.address, headers=own) as browser:
        assert sign_in(browser, cast.DEMO[role].email).status_code == 303
        cookies = cookies_of(browser)
    broken = []
    with kept_open(running.address, cookies=cookies, origin=running.address) as page:
        pages = dict(page.shown.pages)
        for path, page_hash in pages.items():
            page.forge([], page_hash=page_hash, query=subjects)
            if not page.shows_all:
                broken.append(path)

    assert len(pages) > 50
    assert broken == []


def test_only_this_machine_can_connect_to_any_of_it(running: Launcher):
    listening = {
        connection.laddr.ip
        for process in running.processes()
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }

    assert listening == {"127.0.0.1"}


def test_secrets_are_for_their_owner_only(running: Launcher):
    secret = [
        path
        for path in running.data.rglob("*")
        if path.suffix in {".json", ".yml", ".key", ".pgpass"} and path.is_file()
    ]

    assert len(secret) >= 7
    assert {stat.S_IMODE(path.stat().st_mode) for path in secret} == {0o600}


def test_a_command_finds_the_running_databases(running: Launcher):
    printed = warm_start.run(
        ["dashboard", "endpoints", "--data", str(running.data)],
        cwd=ROOT,
        env=os.environ,
    )

    assert json.loads(printed.stdout)["patroni_urls"].keys() == {
        "db-01",
        "db-02",
        "db-03",
    }


def test_a_taken_port_is_one_sentence(
    running: Launcher, launch: Callable[..., Launcher]
):
    second = launch(is_warm=True)
    second.port = running.port

    second.start()

    assert second.await_end() == 1
    assert second.output.count("\n") == 1
    assert f"cannot listen on 127.0.0.1, port {running.port}" in second.output


def test_a_taken_data_folder_is_one_sentence(running: Launcher):
    second = Launcher(running.data, is_warm=True)

    second.start()

    assert second.await_end() == 1
    assert second.output.count("\n") == 1
    assert f"already runs with the data folder {running.data}" in second.output
    second.output_file.unlink()


def _invite(launcher: Launcher, user: tuple[str, ...]) -> str:
    """Invite the first administrator by the printed command; return their link's path.

    The command runs as in a terminal of its own, without the server's variables.
    """
    way = re.search(
        r"^Invite the first administrator with: (.+)$", launcher.output, re.M
    )
    assert way, launcher.output
    command = way[1].replace("NAME@EXAMPLE.ORG", cast.ADAM.email)
    ran = subprocess.run(
        [*user, "sh", "-c", command.replace("First Last", cast.ADAM.name)],
        cwd=ROOT,
        env={n: v for n, v in os.environ.items() if not n.startswith("CHARTROOM_")},
        capture_output=True,
        text=True,
        check=False,
    )
    link = urlsplit(ran.stdout.strip())
    assert link.path.startswith("/welcome/"), (ran.stdout, ran.stderr)
    assert link.port == launcher.port
    return link.path


def test_an_invitation_by_command_leads_to_the_server_of_the_data_folder(
    running: Launcher,
):
    command = [sys.executable, "-m", "dashboard", "create-admin"]
    person = ["--email", "another.admin@example.org", "--name", "Another Admin"]
    invited = subprocess.run(
        [*command, "--data", running.data, *person],
        cwd=ROOT,
        env={n: v for n, v in os.environ.items() if not n.startswith("CHARTROOM_")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert urlsplit(invited.stdout.strip()).port == running.port, invited.stderr


def _code(mailbox: Mailbox) -> str:
    assert eventually(lambda: bool(mailbox.emails))
    match = re.match(r"(\d{6}) is your code", mailbox.emails[-1].get_content())
    assert match
    return match[1]


@pytest.fixture
def own_clinic(
    running: Launcher,
    home: Path,
    ordinary: tuple[str, ...] | None,
    launch: Callable[..., Launcher],
) -> Iterator[tuple[Launcher, tuple[str, ...], Mailbox]]:
    """A clinic without the demo that somebody runs beside another one; their Python."""
    mailbox, python = Mailbox(), ordinary or (sys.executable,)
    second = launch(home / "data", python=python)
    with mail_server(mailbox) as port:
        second.start(
            CHARTROOM_DEMO="false",
            CHARTROOM_SMTP_URL=f"smtp://127.0.0.1:{port}",
            CHARTROOM_MAIL_FROM="chartroom@clinic.test",
        )
        second.await_ready()
        yield second, python, mailbox
    assert running.is_healthy()
    assert second.stop(signal.SIGTERM) == 0
    assert second.processes() == []
    assert running.is_healthy()
    if ordinary is None:
        pytest.skip(f"started by root: {ONLY_ROOT}")


def test_an_ordinary_person_runs_a_clinic_of_their_own_beside_it_and_nobody_is_invented(
    own_clinic: tuple[Launcher, tuple[str, ...], Mailbox],
):
    launcher, python, mailbox = own_clinic
    link = _invite(launcher, python[:-1])
    headers = {"Sec-Fetch-Site": "same-origin"}
    with httpx.Client(
        base_url=launcher.address, headers=headers, timeout=60
    ) as browser:
        health = browser.get("/health")
        first = browser.get("/sign-in").text
        invited = browser.get(link)
        browser.post("/sign-in", data={"email": cast.INES.email})
        browser.post("/sign-in", data={"email": cast.ADAM.email})
        answer = browser.post("/sign-in/code", data={"code": _code(mailbox)})
        page = browser.get("/")

    assert "dashboard create-admin" in launcher.output
    assert "Demo clinic" not in launcher.output
    assert "demonstration" not in first
    assert (health.status_code, invited.status_code) == (200, 200)
    assert (answer.status_code, page.status_code) == (303, 200)
    assert [email["To"] for email in mailbox.emails] == [cast.ADAM.email]


def test_a_web_server_or_worker_that_dies_is_started_again(running: Launcher):
    web = running.child("web")

    web.kill()

    assert eventually(lambda: not web.is_running())
    assert eventually(running.is_healthy, pause_seconds=0.3)
