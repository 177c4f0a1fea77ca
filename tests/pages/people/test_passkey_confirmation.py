"""Pages whose actions need a passkey lead to using it, and back to the action."""

import pytest

from dashboard.web.page_scripts import CONFIRM_PATH, PASSKEYS_PATH, SCRIPTS
from db.models.user import Passkey
from services.core.actors import Role


def scripts_on(app):
    bodies = [html.proto.body for html in app.get("html")]
    return [body for body in bodies if body.startswith("<script>")]


@pytest.mark.parametrize("method", ["code", "demo", "oidc", "invitation"])
def test_who_came_without_a_passkey_is_led_to_it(at_desk, method):
    app = at_desk("invite", Role.ADMIN, method=method)

    app.button(key="confirming_leave").click().run()

    assert scripts_on(app) == [f"<script>{SCRIPTS[CONFIRM_PATH]}</script>"]


def test_who_came_with_a_passkey_is_let_on(at_desk):
    app = at_desk("invite", Role.ADMIN, method="passkey")

    assert "confirming_leave" not in [button.key for button in app.button]


def test_the_account_page_leads_to_ones_passkeys(at_desk):
    app = at_desk("account", Role.STAFF)

    app.button(key="account_passkeys").click().run()

    assert scripts_on(app) == [f"<script>{SCRIPTS[PASSKEYS_PATH]}</script>"]


def test_an_administrator_is_led_to_a_first_passkey_and_then_left_alone(
    at_desk, clinic, kept
):
    app = at_desk("home", Role.ADMIN)

    app.button(key="confirming_leave").click().run()
    assert scripts_on(app) == [f"<script>{SCRIPTS[PASSKEYS_PATH]}</script>"]

    kept.add(
        Passkey(
            user_id=clinic.cast[Role.ADMIN].id,
            credential_id=b"known",
            public_key=b"",
            sign_count=0,
            name="Blue key",
        )
    )
    kept.commit()
    later = at_desk("home", Role.ADMIN)
    assert "confirming_leave" not in [button.key for button in later.button]
