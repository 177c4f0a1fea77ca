"""A person who has just signed in, and a device of theirs."""

import pytest

from tests.kit.authenticator import Authenticator
from tests.services.people.sign_in.passkeys import desk


@pytest.fixture
def sign_in(session, ines):
    """Ines's sign-in by a code, just now."""
    return desk.signed_in(session, ines)


@pytest.fixture
def device():
    return Authenticator(desk.PARTY.origin, desk.PARTY.id)
