"""People on screen: listed, invited, changed and shut out, each action explained."""

from datetime import timedelta
from typing import NoReturn
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session
from streamlit.runtime.scriptrunner_utils.exceptions import StopException
from streamlit.testing.v1 import AppTest

from dashboard import context
from dashboard.people import person_actions
from dashboard.sign_in import account_emails
from db.models.booking import Slot
from db.models.user import Invitation, Passkey, User, UserSession
from services.core.actors import PERMISSIONS, Permission, Role
from services.documents.sharing import offboarding
from services.people import accounts, sessions
from services.people.accounts import invitations
from tests.kit import cast
from tests.kit.mailbox import Mailbox, mailer_to
from tests.pages.conftest import Clinic, problem_places, rows_of
from tests.pages.document_samples import press
from tests.services.visits import visit_samples
from tests.services.visits.schedule.plans.samples import take


def _let_passkey_age(kept: Session, app: AppTest) -> None:
    """Make the last use of the passkey too old for changes to people."""
    kept.execute(
        update(UserSession)
        .where(UserSession.id == UUID(app.user["sid"]))
        .values(confirmed_at=func.now() - timedelta(minutes=6))
    )
    kept.commit()


def _role(kept: Session, user: User) -> str:
    kept.expire_all()
    return kept.get_one(User, user.id).role


def test_the_cast_is_listed_with_role_and_standing(clinic: Clinic):
    app = clinic.open("users", Role.ADMIN)

    rows = {row[0]: row for row in rows_of(app, "users_table")}
    rosa = rows[cast.ROSA.name]
    assert rosa[1:5] == ["Staff", cast.ROSA.email, "Active", "None"]


def test_people_are_found_by_name_and_by_role(clinic: Clinic, cleo: User):
    app = clinic.open("users", Role.ADMIN)

    app.text_input(key="users_search").set_value(cleo.email[:12]).run()
    assert [row[0] for row in rows_of(app, "users_table")] == [cleo.name]

    app.selectbox(key="users_role").set_value(Role.ANALYST).run()
    assert any("Nobody matches" in text.value for text in app.markdown)


def test_an_invitation_without_mail_shows_its_link_once(confirmed, kept: Session):
    app = confirmed("invite")
    app.text_input(key="invite_name").set_value(cast.DORA.name)
    address = f"{uuid4().hex}@example.org"
    app.text_input(key="invite_email").set_value(address)
    app.selectbox(key="invite_role").set_value(Role.CLINICIAN)

    app.button(key="invite_send").click().run()

    (link,) = app.code
    guest = invitations.find(kept, link.value.rpartition("/")[2])
    assert (guest.name, guest.role) == ("Dora Physick", Role.CLINICIAN)
    assert accounts.find_by_email(kept, address)
    assert "Give them this link" in app.warning[0].value
    assert not app.run().code


@pytest.mark.parametrize("page", ["invite", "new_token", "user"])
def test_what_needs_a_passkey_says_so_and_leads_to_it(confirmed, cleo: User, page):
    query = {"user": cleo.id} if page == "user" else {}

    app = confirmed(page, method="code", **query)
    assert any("used in the last five minutes" in text.value for text in app.markdown)
    assert app.button(key="confirming_leave")

    app = confirmed(page, **query)
    assert not [element for element in app.button if element.key == "confirming_leave"]


@pytest.mark.parametrize("page", ["invite", "new_token"])
def test_without_a_passkey_there_is_nothing_to_fill_in_yet(confirmed, page):
    app = confirmed(page, method="code")

    assert app.button(key="confirming_leave")
    assert not app.text_input
    assert not app.selectbox


def test_a_passkey_that_grows_too_old_invites_nobody_and_takes_nothing_typed(
    confirmed, kept: Session
):
    app = confirmed("invite")
    app.text_input(key="invite_name").set_value(cast.DORA.name)
    address = f"{uuid4().hex}@example.org"
    app.text_input(key="invite_email").set_value(address)
    _let_passkey_age(kept, app)

    app.button(key="invite_send").click().run()

    assert "from the last 5 minutes" in app.error[0].value
    assert app.button(key="confirming_leave")
    assert app.text_input(key="invite_name").value == cast.DORA.name
    assert accounts.find_by_email(kept, address) is None


def test_what_is_wrong_with_an_invitation_is_said_and_stays_in_the_form(confirmed):
    app = confirmed("invite")
    app.text_input(key="invite_name").set_value(cast.DORA.name)
    app.text_input(key="invite_email").set_value("dora")

    app.button(key="invite_send").click().run()

    assert app.error[0].value == "The e-mail is not an address; correct it."
    assert app.text_input(key="invite_email").value == "dora"


def test_a_role_is_changed(confirmed, kept: Session, cleo: User):
    app = confirmed("user", user=cleo.id)
    app.selectbox(key=f"user_role_{cleo.id}").set_value(Role.ANALYST)

    app.button(key="user_role_save").click().run()

    assert _role(kept, cleo) == Role.ANALYST
    assert any("now has the role analyst" in toast.value for toast in app.toast)
    assert not app.error


def test_a_name_and_address_are_corrected(confirmed, kept: Session, cleo: User):
    app = confirmed("user", user=cleo.id)
    app.text_input(key=f"user_name_{cleo.id}").set_value("Cleopatra")
    app.text_input(key=f"user_phone_number_{cleo.id}").set_value("+44 1632 960 983")

    app.button(key="user_particulars_save").click().run()

    kept.expire_all()
    assert (cleo.name, cleo.phone_number) == ("Cleopatra", "+441632960983")
    assert app.title[0].value == "Cleopatra"


def test_who_corrects_the_address_of_an_invitation_is_told_to_send_it_anew(
    confirmed, kept: Session
):
    invited = cast.add_account(kept, Role.STAFF)
    kept.add(
        Invitation(
            user_id=invited.id,
            token_hash=uuid4().bytes,
            expires_at=func.now() + timedelta(days=3),
        )
    )
    kept.commit()
    app = confirmed("user", user=invited.id)
    address = f"{uuid4().hex}@example.org"
    app.text_input(key=f"user_email_{invited.id}").set_value(address)

    app.button(key="user_particulars_save").click().run()

    assert any("send a new one" in toast.value for toast in app.toast)
    assert "user_renew" in [button.key for button in app.button]


def test_the_former_address_is_told_whatever_ends_the_run_of_the_page(
    confirmed, kept: Session, cleo: User, monkeypatch
):
    former, mailbox = cleo.email, Mailbox()
    app = confirmed("user", user=cleo.id)
    app.text_input(key=f"user_email_{cleo.id}").set_value(f"{uuid4().hex}@example.org")
    with mailer_to(mailbox) as mailer:
        monkeypatch.setattr(account_emails, "mailer_of", lambda _: mailer)
        monkeypatch.setattr(context, "remember_write", end_run)
        app.button(key="user_particulars_save").click().run()

    kept.expire_all()
    assert cleo.email != former
    assert [mail["To"] for mail in mailbox.emails] == [former]


def end_run(_position: object) -> NoReturn:
    raise StopException


def test_an_address_that_is_only_spelt_otherwise_is_not_said_to_have_changed(
    confirmed, kept: Session, cleo: User, monkeypatch
):
    written_to = []
    monkeypatch.setattr(
        person_actions, "send_address_change", lambda *to, **_: written_to.append(to)
    )
    app = confirmed("user", user=cleo.id)
    address, typed = cleo.email, cleo.email.replace("example", "EXAMPLE")
    app.text_input(key=f"user_email_{cleo.id}").set_value(typed)

    app.button(key="user_particulars_save").click().run()

    kept.expire_all()
    assert (cleo.email, written_to) == (address, [])


def test_an_address_that_somebody_has_is_said_at_its_field(confirmed):
    app = confirmed("invite")
    app.text_input(key="invite_name").set_value(cast.DORA.name)
    app.text_input(key="invite_email").set_value(cast.ROSA.email)

    app.button(key="invite_send").click().run()

    assert "Somebody already signs in with this address" in app.error[0].value
    assert problem_places(app) == ["email"]
    assert app.text_input(key="invite_email").value == cast.ROSA.email


def test_what_is_refused_about_a_person_takes_nothing_else_from_the_page(
    confirmed, kept: Session, cleo: User
):
    app = confirmed("user", user=cleo.id)
    app.selectbox(key=f"user_role_{cleo.id}").set_value(Role.ANALYST)
    _let_passkey_age(kept, app)

    app.button(key="user_role_save").click().run()

    assert "from the last 5 minutes" in app.error[0].value
    assert app.selectbox(key=f"user_role_{cleo.id}").value == Role.ANALYST
    assert app.text_input(key=f"user_name_{cleo.id}").value == cleo.name
    assert "Signed in now" in [part.value for part in app.subheader]
    assert _role(kept, cleo) == Role.STAFF


def test_what_was_typed_about_one_person_is_not_offered_for_another(
    confirmed, cleo: User, clinic: Clinic
):
    app = confirmed("user", user=cleo.id)
    app.text_input(key=f"user_name_{cleo.id}").set_value("Mistyped")
    rosa = clinic.clerk

    app.query_params["user"] = str(rosa.id)
    app.run()

    assert app.text_input(key=f"user_name_{rosa.id}").value == rosa.name


def test_deactivating_asks_first_and_names_the_person(confirmed, cleo: User):
    app = confirmed("user", user=cleo.id)

    app.button(key="user_deactivate").click().run()

    assert any(
        cleo.name in text.value
        and "signed out everywhere" in text.value
        and "mails that they scheduled are no longer sent" in text.value
        for text in app.markdown
    )


def test_deactivating_a_doctor_says_that_patients_can_still_book_and_leads_to_the_plan(
    clinic: Clinic, confirmed, cleo: User
):
    doctor = clinic.write(lambda s: cast.add_doctor(s, name="Cleo", user_id=cleo.id))

    def book(session: Session) -> None:
        slot_id = visit_samples.slot(session, doctor.id, visit_samples.soon(24 * 60))
        take(session, session.get_one(Slot, slot_id), cast.add_patient(session))

    clinic.write(book)
    app = confirmed("user", user=cleo.id)

    app.button(key="user_deactivate").click().run()

    (said,) = (each.value for each in app.warning)
    assert "Patients can still book **Cleo**. Visits booked from now on: **1**" in said
    assert app.button(key="user_deactivate_plan")


def test_resetting_passkeys_asks_first_and_forgets_them(
    confirmed, kept: Session, cleo: User
):
    key = {"credential_id": uuid4().bytes, "public_key": b"public", "sign_count": 0}
    kept.add(Passkey(user_id=cleo.id, name="Phone", transports=[], **key))
    kept.commit()
    app = confirmed("user", user=cleo.id)

    app.button(key="user_passkeys").click().run()
    assert any(
        cleo.name in text.value and "new passkeys" in text.value
        for text in app.markdown
    )
    press(app, "user_passkeys", "user_passkeys_confirm")

    of_cleo = select(func.count()).where(Passkey.user_id == cleo.id)
    assert kept.scalar(of_cleo) == 0
    # Somebody without passkeys is offered no reset.
    assert "user_passkeys" not in [button.key for button in app.button]


def test_somebody_shut_out_can_be_let_in_again(
    confirmed, clinic: Clinic, kept: Session, cleo: User
):
    offboarding.deactivate(kept, clinic.cast[Role.ADMIN], cleo.id)
    kept.commit()
    app = confirmed("user", user=cleo.id)

    app.button(key="user_reactivate").click().run()

    assert accounts.get_actor(kept, cleo.id)


def test_sign_ins_are_listed_and_ended(confirmed, kept: Session, cleo: User):
    sessions.start(
        kept, cleo.id, method="code", network="192.0.2.7", browser="Firefox on Linux"
    )
    kept.commit()
    app = confirmed("user", user=cleo.id)
    assert any("192.0.2.7" in text.value for text in app.markdown)

    app.button(key="user_end_all").click().run()

    assert any(caption.value == "Nowhere." for caption in app.caption)


def test_administrators_are_offered_nothing_about_themselves(confirmed, clinic: Clinic):
    app = confirmed("user", user=clinic.cast[Role.ADMIN].id)

    offered = {button.key for button in app.button}
    assert not offered & {"user_role_save", "user_deactivate", "user_passkeys"}


@pytest.mark.parametrize("address", ["", "x", "0199f0aa-0000-7000-8000-000000000001"])
def test_an_address_of_nobody_is_explained(confirmed, address):
    app = confirmed("user", user=address)

    assert app.warning[0].value


@pytest.mark.parametrize("role", Role)
def test_the_table_of_roles_is_the_one_that_services_go_by(clinic: Clinic, role: Role):
    app = clinic.open("roles", role)

    rows = rows_of(app, "roles_table")
    assert len(rows) == len(Permission)
    for permission, (_, *answers) in zip(Permission, rows, strict=True):
        allowed = dict(zip(Role, answers, strict=True))
        for each in Role:
            assert (allowed[each] == "Yes") == (permission in PERMISSIONS[each])


def test_a_patient_is_invited_from_their_record(clinic: Clinic):
    patient = clinic.register()
    app = clinic.open("patient", patient=patient.id)

    app.button(key="patient_invite").click().run()

    assert any("see their own record" in text.value for text in app.markdown)

    press(app, "patient_invite", "patient_invite_send")

    (link,) = app.code
    assert "/welcome/" in link.value
