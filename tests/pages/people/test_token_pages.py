"""Tokens on screen: shown once when made, listed without their secret, revoked."""

from datetime import timedelta
from uuid import uuid4

from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from services.core.actors import Role, Scope
from services.people import tokens
from tests.pages.conftest import Clinic
from tests.pages.document_samples import press


def fill(app: AppTest, page: str, *scopes: Scope) -> str:
    name = uuid4().hex
    app.text_input(key=f"{page}_name").set_value(name)
    app.multiselect(key=f"{page}_scopes").set_value(list(scopes))
    app.button(key=f"{page}_make").click().run()
    return name


def texts(app: AppTest) -> str:
    return " ".join(element.value for element in (*app.markdown, *app.caption))


def test_a_programs_token_is_made_and_shown_once(open_page, kept: Session):
    app = open_page("new_token")
    app.selectbox(key="new_token_role").set_value(Role.STAFF).run()
    name = fill(app, "new_token", Scope.READ_PATIENTS, Scope.READ_DOCTORS)

    (shown,) = app.code
    actor = tokens.find(kept, shown.value).actor
    assert (actor.name, actor.role) == (name, Role.STAFF)
    assert actor.scopes == {Scope.READ_PATIENTS, Scope.READ_DOCTORS}
    assert not app.run().code


def test_only_scopes_that_the_role_can_use_are_offered(open_page):
    app = open_page("new_token")

    app.selectbox(key="new_token_role").set_value(Role.ANALYST).run()

    offered = app.multiselect(key="new_token_scopes").options
    assert "Read the audit log" not in offered
    assert "Read doctors" in offered


def test_a_token_for_nothing_is_refused_in_words(open_page):
    app = open_page("new_token")

    fill(app, "new_token")

    assert "at least one thing" in app.error[0].value
    assert not app.code


def test_people_make_and_see_their_own_tokens(at_desk, kept: Session, clinic: Clinic):
    app = at_desk("my_tokens", Role.STAFF, method="code")

    name = fill(app, "my_tokens", Scope.READ_PATIENTS)

    actor = tokens.find(kept, app.code[0].value).actor
    assert actor.id == clinic.clerk.id
    assert name in texts(app)


def test_administrators_see_everybodys_tokens_and_ended_ones_on_request(
    open_page, kept: Session
):
    live, ended = uuid4().hex, uuid4().hex
    tokens.issue(kept, Role.STAFF, name=live, scopes=[Scope.READ_DOCTORS])
    tokens.issue(kept, Role.STAFF, name=ended, lifetime=timedelta(microseconds=1))
    kept.commit()

    app = open_page("tokens")
    assert live in texts(app)
    assert ended not in texts(app)

    app.toggle(key="tokens_ended").set_value(True).run()
    assert ended in texts(app)


def test_revoking_asks_first_names_the_token_and_says_that_it_is_done(
    open_page, kept: Session
):
    name = uuid4().hex
    token = tokens.issue(kept, Role.STAFF, name=name)
    kept.commit()
    listed = tokens.find(kept, token)
    app = open_page("tokens")
    assert token not in texts(app)
    opener = f"tokens_revoke_{listed.token_id}"

    app.button(key=opener).click().run()

    assert f"Programs that use **{name}** are refused" in texts(app)
    assert tokens.find(kept, token)
    press(app, opener, "token_revoke_confirm")

    kept.rollback()
    assert not tokens.find(kept, token)
    assert [toast.value for toast in app.toast] == [f"{name} is revoked."]
    assert name not in texts(app)
