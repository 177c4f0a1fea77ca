"""Requests codes outside the demo, and finds them in the mail."""

import re
from email.message import EmailMessage

import httpx

from tests.kit.mailbox import Mailbox
from tests.kit.waiting import eventually

SENT_HERE = "/sign-in/code"
ZEROS = {"code": "000000"}


def code(mailbox: Mailbox, email: str) -> str:
    """Wait for the e-mail to this address; other people's may still be on their way."""
    emails = await_emails(mailbox, email, 1)
    match = re.match(r"(\d{6}) is your code", emails[-1].get_content())
    assert match
    return match[1]


def await_emails(mailbox: Mailbox, email: str, number: int) -> list[EmailMessage]:
    eventually(lambda: len(emails_to(mailbox, email)) >= number)
    return emails_to(mailbox, email)


def emails_to(mailbox: Mailbox, email: str) -> list[EmailMessage]:
    return [message for message in mailbox.emails if message["To"] == email]


def ask(browser: httpx.Client, email: str) -> str:
    """Request a code; return the page that follows."""
    answer = browser.post("/sign-in", data={"email": email, "next": "/patients"})
    assert (answer.status_code, answer.headers["location"]) == (303, SENT_HERE)
    return browser.get(SENT_HERE).text
