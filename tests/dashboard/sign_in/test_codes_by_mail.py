"""Codes outside the demo: by a real mail server, and nothing to anybody else."""

import re

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from db.models.audit import AuditEvent
from db.models.user import LoginCode, User
from tests.dashboard import codes
from tests.kit import cast
from tests.kit.audit_events import events_of
from tests.kit.waiting import eventually


def test_the_code_that_comes_by_mail_signs_in(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        codes.ask(browser, rosa)
        answer = browser.post(codes.SENT_HERE, data={"code": codes.code(mailbox, rosa)})

        assert answer.headers["location"] == "/patients"
        assert browser.get("/").status_code == 200
    (email,) = codes.emails_to(mailbox, rosa)
    assert email["From"] == "Chartroom <chartroom@clinic.test>"
    assert "Rosa" not in email.get_content()
    assert not re.search(r"\d{6}", email["Subject"])


def test_no_code_is_ever_on_the_screen(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        page = codes.ask(browser, rosa)
        code = codes.code(mailbox, rosa)

        assert code not in page + browser.get(codes.SENT_HERE).text
        assert "demo" not in page.lower()
        assert code not in str(dict(browser.cookies))


def test_the_first_page_shows_nobody_of_any_demo(clinic):
    page = httpx.get(f"{clinic.url}/sign-in").text

    assert "demonstration" not in page
    assert cast.INES.name not in page


@pytest.mark.parametrize("email", [None, cast.INES.email], ids=["nobody", "of a demo"])
def test_whoever_may_not_sign_in_is_answered_the_same_and_gets_nothing(
    clinic, mailbox, rosa, nobody, email
):
    email = email or nobody
    with clinic.browser() as browser, clinic.browser() as other:
        page, known = codes.ask(browser, email), codes.ask(other, rosa)
        codes.code(mailbox, rosa)
        wrong = [
            asking.post(codes.SENT_HERE, data=codes.ZEROS).text
            for asking in (browser, other)
        ]

    assert page.replace(email, rosa) == _without_nonce(known, page)
    assert wrong[0].replace(email, rosa) == _without_nonce(wrong[1], wrong[0])
    assert codes.emails_to(mailbox, email) == []


def _without_nonce(page: str, other: str) -> str:
    """Replace the page's nonce with the other page's; only the nonce may differ."""
    nonces = [re.search(r'nonce="([^"]+)"', text) for text in (page, other)]
    assert all(nonces)
    return page.replace(*(nonce[1] for nonce in nonces if nonce))


def test_nobody_can_tell_by_waiting_whether_there_is_somebody(
    clinic, mailbox, rosa, nobody
):
    """Neither answer waits for the mail server, which hears of only one of them."""
    mailbox.is_shut = True
    try:
        with clinic.browser() as browser:
            for email in (rosa, nobody):
                assert codes.ask(browser, email)
        emails = codes.emails_to(mailbox, rosa)
    finally:
        mailbox.is_shut = False

    assert emails == []
    assert codes.code(mailbox, rosa)
    assert codes.emails_to(mailbox, nobody) == []


def test_a_code_may_come_as_a_text_message(
    clinic, mailbox, messages, module_engine, rosa
):
    with Session(module_engine) as session, session.begin():
        user = session.scalars(select(User).where(User.email == rosa)).one()
        user.phone_number = "+491701234567"
    with clinic.browser() as browser:
        assert "text message" in browser.get("/sign-in").text
        browser.post("/sign-in", data={"email": rosa, "by": "text"})
        eventually(lambda: len(messages.got) == 1)
        (got,) = messages.got
        code = got["body"]["text"][:6]
        answer = browser.post(codes.SENT_HERE, data={"code": code})

    assert answer.status_code == 303
    assert got["body"]["to"] == "+491701234567"
    assert got["bearer"] == "Bearer fennel-and-rhubarb"
    assert codes.emails_to(mailbox, rosa) == []


def test_without_a_number_the_code_comes_by_mail(clinic, mailbox, rosa):
    with clinic.browser() as browser:
        browser.post("/sign-in", data={"email": rosa, "by": "text"})

        assert codes.code(mailbox, rosa)


def test_neither_address_nor_code_is_in_the_log_or_the_database(
    clinic, mailbox, module_engine, rosa
):
    with clinic.browser() as browser:
        codes.ask(browser, rosa)
        code = codes.code(mailbox, rosa)
        browser.post(codes.SENT_HERE, data={"code": code})

    with Session(module_engine) as session:
        events = events_of(session)
        recorded = str([(event.details, event.subject_id) for event in events])
        kept = str([row.code_hash for row in session.scalars(select(LoginCode))])
    for secret in (rosa, code):
        assert secret not in clinic.log.read_text()
        assert secret not in recorded + kept


def test_every_try_is_in_the_audit_log(clinic, mailbox, module_engine, rosa):
    with Session(module_engine) as session, session.begin():
        before = set(session.scalars(select(AuditEvent.id)))
    with clinic.browser() as browser:
        codes.ask(browser, rosa)
        code = codes.code(mailbox, rosa)
        browser.post(codes.SENT_HERE, data={"code": f"{(int(code) + 1) % 10**6:06}"})
        browser.post(codes.SENT_HERE, data={"code": code})

    with Session(module_engine) as session:
        events = session.scalars(select(AuditEvent).order_by(AuditEvent.position))
        new = [event for event in events if event.id not in before]
    assert [(event.action, event.outcome) for event in new] == [
        ("code:request", "done"),
        ("session:start", "failed"),
        ("session:start", "done"),
    ]
    assert {event.network for event in new} == {"127.0.0.1"}
    assert all(event.request_id for event in new)
