"""Codes outside the demo: by a real mail server, and no word to anybody else."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from db.endpoints import Endpoints
from db.models import AuditEvent, LoginCode, User
from tests.browser.running import free_port, process, variables
from tests.conftest import connect, owner
from tests.dashboard.conftest import SERVE, Server
from tests.gateway import Messages, gateway
from tests.mailbox import Mailbox, mail_server

DEMO_PERSON = "ines.carvalho@example.org"
SENT_HERE = "/sign-in/code"
ZEROS = {"code": "000000"}


@pytest.fixture(scope="module")
def engine(module_endpoints: Endpoints) -> Iterator[Engine]:
    engine = connect(owner(module_endpoints))
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture(scope="module")
def messages() -> Iterator[Messages]:
    with gateway() as messages:
        yield messages


@pytest.fixture(scope="module")
def clinic(
    module_endpoints: Endpoints,
    engine: Engine,
    mailbox: Mailbox,
    messages: Messages,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Server]:
    """A server of a clinic's own; a demo has left somebody there."""
    with Session(engine) as session, session.begin():
        session.add(User(name="Ines", role="admin", email=DEMO_PERSON, is_demo=True))
    folder, port = tmp_path_factory.mktemp("clinic"), free_port()
    running = Server(port, folder / "log")
    (folder / "app.py").write_text("import streamlit as st\nst.text('in')\n")
    with mail_server(mailbox) as mail_port:
        settings = variables(module_endpoints, folder) | {
            "CHARTROOM_PORT": str(port),
            "CHARTROOM_DEMO": "false",
            "CHARTROOM_PUBLIC_URL": running.url,
            "CHARTROOM_SMTP_URL": f"smtp://127.0.0.1:{mail_port}",
            "CHARTROOM_SMS_URL": messages.url,
            "CHARTROOM_SMS_TOKEN": "fennel-and-rhubarb",
            "CHARTROOM_MAIL_FROM": "Chartroom <chartroom@clinic.test>",
        }
        command = [sys.executable, "-c", SERVE, str(folder / "app.py")]
        with process(command, running.log, settings, f"{running.url}/sign-in"):
            yield running


@pytest.fixture
def nobody() -> str:
    """An address that nobody has, of which nothing was asked before."""
    return f"nobody-{uuid4().hex[:8]}@clinic.test"


@pytest.fixture
def rosa(engine: Engine) -> str:
    """The address of somebody, of which nothing was asked before."""
    email = f"rosa-{uuid4().hex[:8]}@clinic.test"
    with Session(engine) as session, session.begin():
        session.add(User(name="Rosa", role="staff", email=email))
    return email


@pytest.fixture(autouse=True)
def empty_mailbox(mailbox: Mailbox) -> None:
    mailbox.letters.clear()


def _code(mailbox: Mailbox, email: str) -> str:
    """Wait for the letter to this address; others' may still be on their way."""
    letters = _await_letters(mailbox, email, 1)
    found = re.match(r"(\d{6}) is your code", letters[-1].get_content())
    assert found
    return found[1]


def _await_letters(mailbox: Mailbox, email: str, number: int) -> list[EmailMessage]:
    _await(lambda: len(_letters_to(mailbox, email)) >= number)
    return _letters_to(mailbox, email)


def _await(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not is_so() and time.monotonic() < deadline:
        time.sleep(0.02)


def _letters_to(mailbox: Mailbox, email: str) -> list[EmailMessage]:
    return [letter for letter in mailbox.letters if letter["To"] == email]


def _ask(browser: httpx.Client, email: str) -> str:
    """Ask for a code; return the page that it leads to."""
    answer = browser.post("/sign-in", data={"email": email, "next": "/patients"})
    assert (answer.status_code, answer.headers["location"]) == (303, SENT_HERE)
    return browser.get(SENT_HERE).text


def test_the_code_that_comes_by_mail_signs_in(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        _ask(browser, rosa)
        answer = browser.post(SENT_HERE, data={"code": _code(mailbox, rosa)})

        assert answer.headers["location"] == "/patients"
        assert browser.get("/").status_code == 200
    (letter,) = _letters_to(mailbox, rosa)
    assert letter["From"] == "Chartroom <chartroom@clinic.test>"
    assert "Rosa" not in letter.get_content()
    assert not re.search(r"\d{6}", letter["Subject"])


def test_no_code_is_ever_on_the_screen(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        page = _ask(browser, rosa)
        code = _code(mailbox, rosa)

        assert code not in page + browser.get(SENT_HERE).text
        assert "demo" not in page.lower()
        assert code not in str(dict(browser.cookies))


def test_the_first_page_shows_nobody_of_any_demo(clinic):
    page = httpx.get(f"{clinic.url}/sign-in").text

    assert "demonstration" not in page
    assert "Ines" not in page


@pytest.mark.parametrize("email", [None, DEMO_PERSON], ids=["nobody", "of a demo"])
def test_whoever_may_not_sign_in_is_answered_the_same_and_gets_nothing(
    clinic, mailbox, rosa, nobody, email
):
    email = email or nobody
    with clinic.browser() as browser, clinic.browser() as other:
        page, known = _ask(browser, email), _ask(other, rosa)
        _code(mailbox, rosa)
        wrong = [asking.post(SENT_HERE, data=ZEROS).text for asking in (browser, other)]

    assert page.replace(email, rosa) == _without_nonce(known, page)
    assert wrong[0].replace(email, rosa) == _without_nonce(wrong[1], wrong[0])
    assert _letters_to(mailbox, email) == []


def _without_nonce(page: str, other: str) -> str:
    """Give the page the nonce of another, which is all that may differ."""
    nonces = [re.search(r'nonce="([^"]+)"', text) for text in (page, other)]
    assert all(nonces)
    return page.replace(*(nonce[1] for nonce in nonces if nonce))


def test_nobody_can_tell_by_waiting_whether_there_is_somebody(
    clinic, mailbox, rosa, nobody
):
    """A mail server that needs a second must not be felt."""
    mailbox.delay_seconds = 1.0
    try:
        taken = [[_seconds(clinic, email) for email in (rosa, nobody)] for _ in "1234"]
    finally:
        mailbox.delay_seconds = 0.0

    # The quickest of each: other work on the machine only adds.
    known, unknown = (min(seconds) for seconds in zip(*taken, strict=True))
    assert max(known, unknown) < 0.8
    assert abs(known - unknown) < 0.2


def _seconds(clinic: Server, email: str) -> float:
    """Return what asking and the page after it take, in one connection."""
    with clinic.browser() as browser:
        browser.get("/sign-in")
        begun = time.perf_counter()
        _ask(browser, email)
        return time.perf_counter() - begun


def test_a_code_may_come_as_a_text_message(clinic, mailbox, messages, engine, rosa):
    with Session(engine) as session, session.begin():
        user = session.scalars(select(User).where(User.email == rosa)).one()
        user.phone_number = "+491701234567"
    with clinic.browser() as browser:
        assert "text message" in browser.get("/sign-in").text
        browser.post("/sign-in", data={"email": rosa, "by": "text"})
        _await(lambda: len(messages.got) == 1)
        (got,) = messages.got
        code = got["body"]["text"][:6]
        answer = browser.post(SENT_HERE, data={"code": code})

    assert answer.status_code == 303
    assert got["body"]["to"] == "+491701234567"
    assert got["bearer"] == "Bearer fennel-and-rhubarb"
    assert _letters_to(mailbox, rosa) == []


def test_without_a_number_the_code_comes_by_mail(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        browser.post("/sign-in", data={"email": rosa, "by": "text"})

        assert _code(mailbox, rosa)


def test_neither_address_nor_code_is_in_the_log_or_the_database(
    clinic, mailbox, engine, rosa
):
    with clinic.browser() as browser:
        _ask(browser, rosa)
        code = _code(mailbox, rosa)
        browser.post(SENT_HERE, data={"code": code})

    with Session(engine) as session:
        events = session.scalars(select(AuditEvent)).all()
        told = str([(event.details, event.subject_id) for event in events])
        kept = str([row.code_hash for row in session.scalars(select(LoginCode))])
    for secret in (rosa, code):
        assert secret not in clinic.log.read_text()
        assert secret not in told + kept


def test_every_try_is_in_the_audit_log(clinic, mailbox, engine, rosa):
    with Session(engine) as session, session.begin():
        before = set(session.scalars(select(AuditEvent.id)))
    with clinic.browser() as browser:
        _ask(browser, rosa)
        code = _code(mailbox, rosa)
        browser.post(SENT_HERE, data={"code": f"{(int(code) + 1) % 10**6:06}"})
        browser.post(SENT_HERE, data={"code": code})

    with Session(engine) as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.position))
        new = [event for event in events if event.id not in before]
    assert [(event.action, event.outcome) for event in new] == [
        ("code:request", "done"),
        ("session:start", "failed"),
        ("session:start", "done"),
    ]
    assert {event.network for event in new} == {"127.0.0.1"}
    assert all(event.request_id for event in new)


def test_after_five_codes_there_is_a_pause_that_says_how_long(clinic, engine, nobody):
    """The same for an address that nobody has: limits do not tell either."""
    with clinic.browser() as browser:
        for _ in range(5):
            _ask(browser, nobody)
        refused = [browser.post("/sign-in", data={"email": nobody}) for _ in range(3)]

    assert [answer.status_code for answer in refused] == [429] * 3
    wait = int(refused[0].headers["retry-after"])
    assert 0 < wait <= 15 * 60
    assert "That was too often" in refused[0].text
    with Session(engine) as session:
        reached = session.scalars(
            select(AuditEvent).where(AuditEvent.action == "limit:reach")
        ).all()
    assert [event.details["limit"] for event in reached] == ["codes-here"]


def test_other_addresses_are_not_held_up(clinic, nobody, rosa):
    with clinic.browser() as browser:
        for _ in range(5):
            _ask(browser, nobody)

        _ask(browser, rosa)


def test_new_codes_bring_no_end_of_tries(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        answers = []
        for _ in range(4):
            _ask(browser, rosa)
            answers += [
                browser.post(SENT_HERE, data={"code": "0" * 6}) for _ in "12345"
            ]

    statuses = [answer.status_code for answer in answers]
    assert statuses == [422] * 15 + [429] * 5
    assert answers[-1].headers["retry-after"].isdigit()


def test_who_has_signed_in_here_before_is_not_locked_out_by_strangers(
    clinic, mailbox, rosa
):
    with clinic.browser() as browser, clinic.browser() as stranger:
        _ask(browser, rosa)
        browser.post(SENT_HERE, data={"code": _code(mailbox, rosa)})
        for _ in range(6):
            last = stranger.post("/sign-in", data={"email": rosa})
        assert last.status_code == 429
        _await_letters(mailbox, rosa, 6)
        mailbox.letters.clear()

        _ask(browser, rosa)
        answer = browser.post(SENT_HERE, data={"code": _code(mailbox, rosa)})

    assert answer.status_code == 303


def test_signing_in_lets_one_ask_as_often_again(clinic, mailbox, rosa):
    for _ in range(7):
        mailbox.letters.clear()
        with clinic.browser() as browser:
            _ask(browser, rosa)
            answer = browser.post(SENT_HERE, data={"code": _code(mailbox, rosa)})
        assert answer.status_code == 303


def test_whoever_was_deactivated_after_asking_is_not_let_in(
    clinic, mailbox, engine, rosa
):
    with clinic.browser() as browser:
        _ask(browser, rosa)
        code = _code(mailbox, rosa)
        with Session(engine) as session, session.begin():
            user = session.scalars(select(User).where(User.email == rosa)).one()
            user.deactivated_at = datetime.now(UTC)
        answer = browser.post(SENT_HERE, data={"code": code})

    assert answer.status_code == 422
    assert "does not hold any more" in answer.text
