"""What analysts' jobs work with: a database whose replicas count, and a mailbox."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy.orm import Session

from db.postgres import Database
from services.messaging.mail import Mailer
from tests.kit.mailbox import Mailbox, mailer_to
from tests.kit.replicas import write_everywhere


@pytest.fixture
def write(database: Database) -> Callable[[Callable[[Session], Any]], Any]:
    """Return what writes, and waits until the replicas have it."""
    return lambda operation: write_everywhere(database, operation)


@pytest.fixture
def mailbox() -> Mailbox:
    """A mail server's mailbox."""
    return Mailbox()


@pytest.fixture
def mailer(mailbox: Mailbox) -> Iterator[Mailer]:
    """What sends into the mailbox."""
    with mailer_to(mailbox) as to:
        yield to
