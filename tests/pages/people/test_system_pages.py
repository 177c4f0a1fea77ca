"""Connected systems on screen: connected, viewed, changed, switched off and on."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from streamlit.testing.v1 import AppTest

from dashboard.people.connected_systems.system_form import _TYPES
from db.models.user import ConnectedSystem as SystemRow, User
from services.core.actors import Actor, Role
from services.fhir import bulk_exports
from services.lists import views
from services.lists.criteria import Criteria, Filter, Group, Operator
from services.patients.search.fields import PATIENTS
from services.people import connected_systems, tokens
from services.people.connected_systems import SystemExports, SystemKeysTyped
from tests.kit.backend_services import ec_key, jwks_of, rsa_key
from tests.pages.conftest import problem_places, rows_of
from tests.services.people.people_samples import desk


@pytest.fixture
def system_id(kept: Session) -> UUID:
    """The id of a system that no other test changes, and that exports nothing."""
    return register(kept)


@pytest.fixture
def exporting_id(kept: Session) -> UUID:
    """The id of a system that exports what it reads."""
    return register(kept, export_purpose="A nightly copy")


def register(kept: Session, export_purpose: str = "", role: Role = Role.STAFF) -> UUID:
    boss = desk(kept)
    made = connected_systems.register(
        kept,
        boss.actor,
        name=f"Record {uuid4().hex[:8]}",
        role=role,
        system_keys=SystemKeysTyped(jwks=jwks_of(rsa_key(), ec_key())),
        resource_types=["Patient"]
        if role is Role.ANALYST
        else ["Patient", "Encounter"],
        export_purpose=export_purpose,
        **boss.fresh,
    )
    kept.commit()
    return made


def find(kept: Session, system_id: UUID) -> connected_systems.ConnectedSystem:
    kept.expire_all()
    system = connected_systems.find_system(kept, system_id)
    assert system is not None
    return system


def texts(app: AppTest) -> str:
    shown = (*app.markdown, *app.caption, *app.code, *app.warning)
    return " ".join(element.value for element in shown)


def press(app: AppTest, *keys: str) -> None:
    """Press a button of a dialog, which exists for one run only."""
    for key in keys:
        app.button(key=key).click()
    app.run()


def test_a_system_is_connected_and_its_page_says_what_its_programmers_need(
    open_page, kept: Session
):
    app = open_page("new_system")
    name = uuid4().hex
    app.selectbox(key="new_system_role").set_value(Role.CLINICIAN).run()
    app.segmented_control(key="new_system_where").set_value("Pasted here")
    app.segmented_control(key="new_system_exports_clinician").set_value("all").run()
    app.text_input(key="new_system_name").set_value(name)
    app.multiselect(key="new_system_types").set_value(["Patient", "Condition"])
    app.text_input(key="new_system_purpose_clinician").set_value("Copy")
    app.text_area(key="new_system_jwks").set_value(jwks_of(rsa_key()))
    app.button(key="new_system_save").click().run()
    assert problem_places(app) == ["purpose"]

    app.text_input(key="new_system_purpose_clinician").set_value("A nightly copy")
    app.button(key="new_system_save").click().run()

    [made] = [
        system
        for system in connected_systems.list_systems(kept, desk(kept).actor)
        if system.name == name
    ]
    assert (made.role, made.resource_types) == (
        Role.CLINICIAN,
        ("Patient", "Condition"),
    )
    assert made.export_purpose == "A nightly copy"
    assert made.exports is SystemExports.ALL
    shown = texts(app)
    assert "Everything it reads: A nightly copy" in shown
    assert str(made.id) in shown
    assert "/fhir/auth/token" in shown
    assert "- **first** · RS384" in shown


def test_only_what_the_role_may_read_is_offered(open_page):
    app = open_page("new_system")

    app.selectbox(key="new_system_role").set_value(Role.ANALYST).run()

    offered = app.multiselect(key="new_system_types").options
    assert "Patient (patients)" in offered
    assert not [scope for scope in offered if scope.startswith("Condition")]
    app.selectbox(key="new_system_role").set_value(Role.ADMIN).run()
    # Administrators see no patients, and export none.
    assert not [field for field in app.text_input if "purpose" in (field.key or "")]


def test_what_is_missing_is_said_and_nothing_is_connected(open_page):
    app = open_page("new_system")
    app.text_input(key="new_system_name").set_value("Record")
    app.multiselect(key="new_system_types").set_value(["Patient"])

    app.button(key="new_system_save").click().run()

    assert "Enter the address of the system's keys" in app.error[0].value


def test_the_list_says_how_a_system_last_fared(open_page, kept: Session, system_id):
    connected_systems.note_refusal(kept, system_id, "jti was used before.")
    kept.commit()

    app = open_page("systems")

    name = find(kept, system_id).name
    [row] = [row for row in rows_of(app, "systems_table") if row[0] == name]
    assert row[1:5] == ["Staff", "2 types", "On", "Never"]
    assert row[5] != "Never"
    app = open_page("system", system=str(system_id))
    assert "jti was used before" in app.warning[0].value


def test_what_a_system_reads_is_changed_and_its_keys_stay(
    open_page, kept: Session, system_id
):
    app = open_page("system", system=str(system_id))
    page = f"system_{system_id}"
    assert "**curve** · ES384" in texts(app)

    assert "exports nothing" in texts(app)
    app.segmented_control(key=f"{page}_exports_staff").set_value("groups").run()
    app.multiselect(key=f"{page}_types").set_value(["Slot"])
    app.text_input(key=f"{page}_purpose_staff").set_value("A nightly copy")
    app.button(key=f"{page}_save").click().run()

    system = find(kept, system_id)
    assert system.resource_types == ("Slot",)
    assert system.export_purpose == "A nightly copy"
    assert system.exports is SystemExports.GROUPS
    assert "It exports these groups and nobody else" in texts(app)
    assert [key.id for key in system.keys.kept] == ["first", "curve"]


def test_a_system_is_switched_off_after_a_question_and_on_again(
    open_page, kept: Session, system_id
):
    app = open_page("system", system=str(system_id))
    app.button(key="system_off").click().run()
    assert find(kept, system_id).is_on

    press(app, "system_off", "system_off_confirm")
    assert not find(kept, system_id).is_on

    app = open_page("system", system=str(system_id))
    app.button(key="system_on").click().run()
    assert find(kept, system_id).is_on


def save_list(kept: Session, name: str, criteria: Criteria) -> tuple[Actor, UUID]:
    """Save a list of patients as somebody at the desk; return the person and its id."""
    clerk = desk(kept, Role.STAFF).actor
    key = views.store_criteria(kept, clerk, criteria, subject=PATIENTS)
    saved = views.save_view(kept, clerk, name, key, subject=PATIENTS)
    kept.commit()
    return clerk, saved.id


def test_a_group_is_granted_and_withdrawn_after_a_question(
    open_page, kept: Session, exporting_id
):
    boss = desk(kept)
    clerk, group_id = save_list(kept, "With an implant", Criteria())
    page = f"system_{exporting_id}"

    app = open_page("system", system=str(exporting_id))
    assert app.button(key=f"{page}_grant").disabled
    app.selectbox(key=f"{page}_group_owner").set_value(clerk.id).run()
    [offered] = app.selectbox(key=f"{page}_group").options
    assert offered == "With an implant (List)"
    app.selectbox(key=f"{page}_group").select_index(0).run()
    app.button(key=f"{page}_grant").click().run()

    assert f"Group/{group_id}/$export" in texts(app)
    assert f"List · saved by {clerk.name}" in texts(app)
    assert "may export everything it reads. A group is something" in texts(app)

    app.button(key=f"system_withdraw_{group_id}").click().run()
    press(app, f"system_withdraw_{group_id}", "system_withdraw_confirm")

    kept.expire_all()
    assert bulk_exports.list_grants(kept, boss.actor, exporting_id) == ()
    assert "No group is granted to it" in texts(app)


def test_of_two_colleagues_with_one_name_each_is_offered_with_an_address(
    open_page, kept: Session, exporting_id
):
    clerks = [save_list(kept, "With a pacemaker", Criteria())[0] for _ in range(2)]
    emails = [f"{clerk.id}@example.org" for clerk in clerks]
    for clerk, email in zip(clerks, emails, strict=True):
        named = update(User).where(User.id == clerk.id)
        kept.execute(named.values(name="Kim Doubled", email=email))
    kept.commit()

    app = open_page("system", system=str(exporting_id))

    offered = app.selectbox(key=f"system_{exporting_id}_group_owner").options
    assert {f"Kim Doubled, {email}" for email in emails} <= set(offered)
    assert not app.exception


def test_without_a_purpose_nothing_is_offered_and_what_was_granted_can_go(
    open_page, kept: Session, system_id
):
    boss = desk(kept)
    _, group_id = save_list(kept, "With a stent", Criteria())
    bulk_exports.grant(kept, boss.actor, system_id, group_id, **boss.fresh)
    kept.commit()

    app = open_page("system", system=str(system_id))

    assert "It exports nothing, not even a group" in texts(app)
    assert not [field for field in app.text_input if "purpose" in (field.key or "")]
    assert "may export everything it reads" not in texts(app)
    assert app.button(key=f"system_withdraw_{group_id}")
    offered = [box for box in app.selectbox if (box.key or "").endswith("_group")]
    assert offered == []


def test_what_exports_something_without_a_purpose_is_refused_at_the_field(
    open_page, kept: Session, system_id
):
    app = open_page("system", system=str(system_id))
    page = f"system_{system_id}"
    app.segmented_control(key=f"{page}_exports_staff").set_value("groups").run()

    app.button(key=f"{page}_save").click().run()

    assert problem_places(app) == ["purpose"]
    assert "Say what it exports for, or that it exports nothing." in app.error[0].value
    assert find(kept, system_id).exports is SystemExports.NOTHING


def test_a_system_stops_exporting_by_one_choice(open_page, kept: Session, exporting_id):
    app = open_page("system", system=str(exporting_id))
    page = f"system_{exporting_id}"
    app.segmented_control(key=f"{page}_exports_staff").set_value("nothing").run()

    app.button(key=f"{page}_save").click().run()

    system = find(kept, exporting_id)
    assert (system.exports, system.export_purpose) == (SystemExports.NOTHING, None)


def test_a_type_of_a_later_version_is_shown_and_not_lost_unseen(
    open_page, kept: Session, system_id
):
    later = update(SystemRow).where(SystemRow.id == system_id)
    kept.execute(later.values(resource_types=["Patient", "Immunization"]))
    kept.commit()
    app = open_page("system", system=str(system_id))
    page = f"system_{system_id}"

    shown = app.multiselect(key=f"{page}_types").value
    app.button(key=f"{page}_save").click().run()

    assert shown == ["Patient", "Immunization"]
    assert "Immunization is nothing that the role staff may read" in app.error[0].value
    assert find(kept, system_id).resource_types == ("Patient", "Immunization")


def test_what_the_systems_role_may_not_ask_is_said(open_page, kept: Session):
    boss = desk(kept)
    system_id = register(kept, "Research on implants", Role.ANALYST)
    named = Group(members=(Filter("last_name", Operator.EQUAL, "Roe"),))
    clerk, _ = save_list(kept, "Called Roe", Criteria(where=named))
    page = f"system_{system_id}"
    app = open_page("system", system=str(system_id))
    app.selectbox(key=f"{page}_group_owner").set_value(clerk.id).run()
    app.selectbox(key=f"{page}_group").select_index(0).run()

    app.button(key=f"{page}_grant").click().run()

    assert "A system with this role cannot have this group" in app.error[0].value
    assert bulk_exports.list_grants(kept, boss.actor, system_id) == ()


def test_a_system_that_can_export_nothing_has_no_groups(open_page, kept: Session):
    boss = desk(kept)
    system_id = connected_systems.register(
        kept,
        boss.actor,
        name="Watch",
        role=Role.ADMIN,
        system_keys=SystemKeysTyped(jwks=jwks_of(rsa_key())),
        resource_types=["AuditEvent"],
        **boss.fresh,
    )
    kept.commit()

    app = open_page("system", system=str(system_id))

    assert "Groups granted to it" not in [head.value for head in app.subheader]


def test_who_has_used_no_passkey_is_offered_to_and_grants_nothing(
    open_page, exporting_id
):
    app = open_page("system", method="code", system=str(exporting_id))

    assert app.button(key="system_groups_passkey")
    keys = [button.key or "" for button in app.button]
    assert not [key for key in keys if key.endswith("_grant")]


def test_keys_at_an_address_that_does_not_answer_are_told_of(open_page, kept: Session):
    boss = desk(kept)
    system_id = connected_systems.register(
        kept,
        boss.actor,
        name="Elsewhere",
        role=Role.STAFF,
        system_keys=SystemKeysTyped("https://nobody.invalid/jwks"),
        resource_types=["Patient"],
        **boss.fresh,
    )
    kept.commit()
    app = open_page("system", system=str(system_id))

    app.button(key="system_fetch").click().run()

    assert "has no address" in app.error[0].value


def test_an_address_that_names_no_system_says_so(open_page):
    for name in ("", "x", str(uuid4())):
        app = open_page("system", system=name)
        assert app.warning


def test_every_type_has_words():
    assert set(_TYPES) == set(tokens.RESOURCE_RIGHTS)
