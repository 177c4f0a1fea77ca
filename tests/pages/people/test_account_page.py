"""One's own sign-ins: seen, recognised, ended."""

import pytest

from services.core.actors import Role
from services.people import sessions
from tests.pages.conftest import markdown_of


def _elsewhere(kept, clinic, *, browser, role=Role.STAFF):
    started = sessions.start(
        kept, clinic.cast[role].id, method="code", network="::1", browser=browser
    )
    kept.commit()
    return started


def test_people_see_where_they_are_signed_in_and_which_one_this_is(
    at_desk, clinic, kept
):
    _elsewhere(kept, clinic, browser="Firefox on Linux")
    _elsewhere(kept, clinic, browser="Edge on Windows", role=Role.ADMIN)

    app = at_desk("account", Role.STAFF)

    assert "Firefox on Linux" in markdown_of(app)
    assert "Edge on Windows" not in markdown_of(app)
    assert "This one" in markdown_of(app)


@pytest.mark.parametrize(
    ("role", "whom"),
    [(Role.STAFF, "an administrator"), (Role.PATIENT, "the clinic")],
)
def test_who_does_not_recognise_a_sign_in_is_told_whom_to_tell(at_desk, role, whom):
    app = at_desk("account", role)

    captions = [caption.value for caption in app.caption]
    assert f"End any sign-in you do not recognise, and tell {whom}." in captions


def test_a_sign_in_elsewhere_can_be_ended(at_desk, clinic, kept):
    other = _elsewhere(kept, clinic, browser="Firefox on Linux")
    app = at_desk("account", Role.STAFF)

    app.button(key=f"account_end_{other.id}").click().run()

    assert sessions.find(kept, other.token) is None


def test_all_others_can_be_ended_at_once(at_desk, clinic, kept):
    others = [_elsewhere(kept, clinic, browser="Firefox on Linux") for _ in range(2)]
    app = at_desk("account", Role.STAFF)

    app.button(key="account_end_others").click().run()

    assert not any(sessions.find(kept, other.token) for other in others)
    assert "This one" in markdown_of(app)
