"""Administrators connect systems, change them, and switch them off and on."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import func, select, update

from db.models.user import ApiToken, ClientAssertion, ConnectedSystem
from services.core.actors import Role
from services.core.audit import Action
from services.core.errors import InvalidInput, NotAllowed
from services.fhir import bulk_exports
from services.fhir.bulk_exports.model import ExportRequest
from services.people import connected_systems, tokens
from services.people.connected_systems import (
    NoSuchSystem,
    SystemExports,
    SystemKeysTyped,
)
from services.people.sign_in.confirmations import NotConfirmed
from tests.kit.audit_events import events_of
from tests.kit.backend_services import ec_key, jwks_of, rsa_key
from tests.services.people.people_samples import desk, wait

PASTED = SystemKeysTyped(jwks=jwks_of(rsa_key(), ec_key()))


def register(session, boss, **other):
    given = {
        "name": "Regional record",
        "role": Role.STAFF,
        "system_keys": PASTED,
        "resource_types": ["Patient", "Encounter"],
        **boss.fresh,
    }
    return connected_systems.register(session, boss.actor, **(given | other))


def keep(session, system_id, **values):
    """Write the row as another version would."""
    own = update(ConnectedSystem).where(ConnectedSystem.id == system_id)
    session.execute(own.values(**values))


def test_a_system_is_connected_and_listed(session):
    boss = desk(session)

    system_id = register(session, boss, name="  Regional   record ")

    [system] = connected_systems.list_systems(session, boss.actor)
    assert (system.id, system.name, system.role) == (
        system_id,
        "Regional record",
        Role.STAFF,
    )
    assert system.resource_types == ("Patient", "Encounter")
    kept = [(key.id, key.algorithm) for key in system.keys.kept]
    assert kept == [("first", "RS384"), ("curve", "ES384")]
    assert system.is_on
    assert system.called_at is None
    [event] = events_of(session, Action.SYSTEM_REGISTER)
    assert event.details["keys"] == "first, curve"
    assert event.subject_id == str(system_id)


@pytest.mark.parametrize(
    ("other", "field", "sentence"),
    [
        ({"name": " "}, "name", "name is missing"),
        ({"role": Role.PATIENT}, "role", "not as a patient"),
        ({"resource_types": []}, "resource_types", "at least one"),
        ({"resource_types": ["Condition"]}, "resource_types", "role staff"),
        ({"resource_types": ["AuditEvent"]}, "resource_types", "role staff"),
        ({"resource_types": ["Basic"]}, "resource_types", "nothing that"),
        ({"export_purpose": "short"}, "export_purpose", "at least 10 characters"),
        (
            {
                "role": Role.ADMIN,
                "resource_types": ["AuditEvent"],
                "export_purpose": "A copy of the whole log",
            },
            "export_purpose",
            "nothing to export",
        ),
        ({"system_keys": SystemKeysTyped()}, "jwks_url", "or paste"),
        (
            {"system_keys": SystemKeysTyped("https://x.example/k", PASTED.jwks)},
            "jwks_url",
            "or paste",
        ),
        (
            {"system_keys": SystemKeysTyped("http://x.example/k")},
            "jwks_url",
            "https:// only",
        ),
        (
            {"system_keys": SystemKeysTyped("ftp://x.example")},
            "jwks_url",
            "https:// only",
        ),
        (
            {"system_keys": SystemKeysTyped("nothing")},
            "jwks_url",
            "address of the keys",
        ),
        ({"system_keys": SystemKeysTyped("https://x:y@z.ex/")}, "jwks_url", "no user"),
        (
            {"system_keys": SystemKeysTyped("https://x.ex:99999/")},
            "jwks_url",
            "address of",
        ),
    ],
)
def test_what_cannot_be_is_refused(session, other, field, sentence):
    with pytest.raises(InvalidInput, match=sentence) as refused:
        register(session, desk(session), **other)

    assert refused.value.property_name == field


# A modulus of 1,024 bits.
_SHORT = rsa_key().as_dict(private=False)["n"][:171]


def _entry(key, **other):
    return {"keys": [key.as_dict(private=False) | other]}


@pytest.mark.parametrize(
    ("jwks", "sentence"),
    [
        ("not json", "not JSON"),
        ("[" * 20_000, "not JSON"),
        ("[]", "JSON object"),
        ('{"keys": []}', "1 to 20"),
        (json.dumps({"keys": [{}] * 21}), "1 to 20"),
        ('{"keys": ["x"]}', "JSON object"),
        ('{"keys": "' + "x" * 70_000 + '"}', "at most"),
        (json.dumps({"keys": [rsa_key().as_dict(private=True)]}), "private key"),
        (json.dumps({"keys": [ec_key().as_dict(private=True)]}), "private key"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "s"}]}', "private key"),
        (json.dumps(_entry(rsa_key(), n=_SHORT)), "2,048 bits"),
        (json.dumps(_entry(ec_key("small", "P-256"))), "P-384"),
        (json.dumps(_entry(rsa_key(), use="enc")), "cannot be used"),
        (json.dumps(_entry(rsa_key(), alg="RS256")), "cannot be used"),
        (json.dumps(_entry(rsa_key(), key_ops=["sign"])), "cannot be used"),
        (json.dumps(_entry(rsa_key(), kid="")), "kid of its own"),
        (json.dumps(_entry(rsa_key(), kid=7)), "kid of its own"),
        (json.dumps(_entry(rsa_key(), n="!")), "cannot be used"),
        (json.dumps(_entry(ec_key(), x="AAAA")), "cannot be used"),
        (json.dumps(_entry(ec_key(), crv="P-9")), "cannot be used"),
        ('{"keys": [{"kty": ["RSA"], "kid": "x"}]}', "cannot be used"),
        (jwks_of(rsa_key(), rsa_key()), "kid of its own"),
    ],
)
def test_keys_that_prove_nothing_are_refused(session, jwks, sentence):
    with pytest.raises(InvalidInput, match=sentence):
        register(session, desk(session), system_keys=SystemKeysTyped(jwks=jwks))


def test_hosts_of_the_clinics_own_may_answer_by_http(session):
    boss = desk(session)
    keys = SystemKeysTyped("http://ehr.lan:8080/jwks", own_hosts=["ehr.lan"])

    system_id = register(session, boss, system_keys=keys)

    system = connected_systems.get_system(session, boss.actor, system_id)
    assert system.keys.url == "http://ehr.lan:8080/jwks"


def test_what_a_system_reads_is_changed_and_its_tokens_end(session):
    boss = desk(session)
    system_id = register(session, boss)
    system = connected_systems.get_system(session, boss.actor, system_id)
    granted = tokens.grant("system/*.rs", system.resource_types)
    given = (session, system.actor, granted, timedelta(minutes=5))
    token = tokens.issue_for_system(*given)

    connected_systems.change(
        session,
        boss.actor,
        system_id,
        system_keys=None,
        resource_types=["Slot"],
        **boss.fresh,
    )

    system = connected_systems.get_system(session, boss.actor, system_id)
    assert system.resource_types == ("Slot",)
    assert [key.id for key in system.keys.kept] == ["first", "curve"]
    assert tokens.find(session, token) is None
    [event] = events_of(session, Action.SYSTEM_CHANGE)
    assert event.details == {
        "changed": {"scopes": [["Patient", "Encounter"], ["Slot"]]}
    }


def changed(session, boss, system_id, **given):
    connected_systems.change(
        session,
        boss.actor,
        system_id,
        system_keys=None,
        resource_types=["Patient", "Encounter"],
        **given,
        **boss.fresh,
    )
    return connected_systems.get_system(session, boss.actor, system_id)


def test_what_it_exports_everything_for_is_said_changed_and_taken_back(session):
    boss = desk(session)
    system_id = register(session, boss, export_purpose="  A nightly   copy ")

    def purpose_after(**given):
        system = changed(session, boss, system_id, **given)
        return system.export_purpose

    purposes = [
        purpose_after(),
        purpose_after(export_purpose="A weekly copy"),
        purpose_after(export_purpose=""),
    ]

    assert purposes == ["A nightly copy", "A weekly copy", None]
    [registered] = events_of(session, Action.SYSTEM_REGISTER)
    assert registered.details["purpose"] == "A nightly copy"
    assert [e.details["changed"] for e in events_of(session, Action.SYSTEM_CHANGE)] == [
        {"purpose": ["A nightly copy", "A weekly copy"]},
        {"purpose": ["A weekly copy", None], "exports": ["all", "nothing"]},
    ]


def test_how_much_it_exports_is_said_changed_and_audited(session):
    boss = desk(session)
    system_id = register(
        session, boss, export_purpose="A registry", exports=SystemExports.GROUPS
    )

    def after(**given):
        system = changed(session, boss, system_id, **given)
        return system.exports.value, system.export_purpose

    assert [
        after(),
        # Another purpose opens nothing more.
        after(export_purpose="Another registry"),
        after(exports=SystemExports.ALL),
        # A system that exports nothing needs no purpose.
        after(exports=SystemExports.NOTHING, export_purpose="A copy of all"),
        after(exports=SystemExports.GROUPS, export_purpose="A registry"),
    ] == [
        ("groups", "A registry"),
        ("groups", "Another registry"),
        ("all", "Another registry"),
        ("nothing", None),
        ("groups", "A registry"),
    ]
    [registered] = events_of(session, Action.SYSTEM_REGISTER)
    assert registered.details["exports"] == "groups"
    assert [e.details["changed"] for e in events_of(session, Action.SYSTEM_CHANGE)] == [
        {"purpose": ["A registry", "Another registry"]},
        {"exports": ["groups", "all"]},
        {"purpose": ["Another registry", None], "exports": ["all", "nothing"]},
        {"purpose": [None, "A registry"], "exports": ["nothing", "groups"]},
    ]


@pytest.mark.parametrize("kept", ["all", "groups", "nothing"])
def test_without_a_purpose_it_exports_nothing_whatever_is_kept(session, kept):
    """The version before writes only purposes, and so did a migration of this one."""
    boss = desk(session)
    system_id = register(session, boss)
    keep(session, system_id, exports=kept)
    system = connected_systems.get_system(session, boss.actor, system_id)

    # As a page does that sends all its fields.
    connected_systems.change(
        session,
        boss.actor,
        system_id,
        system_keys=None,
        resource_types=["Slot"],
        exports=system.exports,
        export_purpose="",
        **boss.fresh,
    )

    assert system.exports is SystemExports.NOTHING
    [event] = events_of(session, Action.SYSTEM_CHANGE)
    assert list(event.details["changed"]) == ["scopes"]


@pytest.mark.parametrize("before", [SystemExports.ALL, SystemExports.NOTHING])
def test_to_what_exports_nothing_the_version_before_gives_a_purpose(session, before):
    boss = desk(session)
    purpose = "" if before is SystemExports.NOTHING else "A registry"
    system_id = register(session, boss, exports=before, export_purpose=purpose)
    connected_systems.change(
        session,
        boss.actor,
        system_id,
        system_keys=None,
        resource_types=["Patient"],
        exports=SystemExports.NOTHING,
        **boss.fresh,
    )

    keep(session, system_id, export_purpose="A nightly copy")

    system = connected_systems.get_system(session, boss.actor, system_id)
    assert system.exports is SystemExports.ALL
    request = ExportRequest("/fhir/$export", ("Patient",), "A nightly copy")
    bulk_exports.ask(session, system.actor, request)
    assert bulk_exports.is_any_waiting(session)


@pytest.mark.parametrize("exports", [SystemExports.GROUPS, SystemExports.ALL])
def test_what_exports_something_does_so_for_a_purpose(session, exports):
    boss = desk(session)

    with pytest.raises(InvalidInput, match="Say what it exports for") as refusal:
        register(session, boss, exports=exports)

    assert refusal.value.property_name == "export_purpose"


def test_an_export_of_all_is_not_made_for_a_system_held_to_its_groups(session):
    boss = desk(session)
    system_id = register(session, boss, export_purpose="A nightly copy")
    system = connected_systems.get_system(session, boss.actor, system_id).actor
    request = ExportRequest("/fhir/$export", ("Patient",), "A nightly copy")

    def hold_to(exports):
        connected_systems.change(
            session,
            boss.actor,
            system_id,
            system_keys=None,
            resource_types=["Patient", "Encounter"],
            exports=exports,
            **boss.fresh,
        )

    bulk_exports.ask(session, system, request)
    assert bulk_exports.is_any_waiting(session)
    hold_to(SystemExports.GROUPS)
    # Its token is cached a moment longer, and makes one more request.
    bulk_exports.ask(session, system, request)

    assert not bulk_exports.is_any_waiting(session)
    hold_to(SystemExports.ALL)
    bulk_exports.ask(session, system, request)
    assert bulk_exports.is_any_waiting(session)


def test_what_it_asks_for_while_a_purpose_that_was_taken_back_is_known_is_not_made(
    session,
):
    boss = desk(session)
    system_id = register(session, boss, export_purpose="A nightly copy")
    system = connected_systems.get_system(session, boss.actor, system_id).actor
    request = ExportRequest("/fhir/$export", ("Patient",), "A nightly copy")

    bulk_exports.ask(session, system, request)
    assert bulk_exports.is_any_waiting(session)
    connected_systems.change(
        session,
        boss.actor,
        system_id,
        system_keys=None,
        resource_types=["Patient", "Encounter"],
        export_purpose="",
        **boss.fresh,
    )
    bulk_exports.ask(session, system, request)

    assert not bulk_exports.is_any_waiting(session)


def test_a_change_that_changes_nothing_leaves_no_trace(session):
    boss = desk(session)
    system_id = register(session, boss, export_purpose="A nightly copy")

    connected_systems.change(
        session,
        boss.actor,
        system_id,
        system_keys=PASTED,
        resource_types=["Encounter", "Patient"],
        **boss.fresh,
    )

    assert events_of(session, Action.SYSTEM_CHANGE) == []


def test_a_system_is_switched_off_and_on(session):
    boss = desk(session)
    system_id = register(session, boss)

    def is_on():
        return connected_systems.get_system(session, boss.actor, system_id).is_on

    for _ in range(2):
        connected_systems.switch_off(session, boss.actor, system_id)
        assert not is_on()
    for _ in range(2):
        connected_systems.switch_on(session, boss.actor, system_id, **boss.fresh)
        assert is_on()

    assert len(events_of(session, Action.SYSTEM_SWITCH_OFF)) == 1
    assert len(events_of(session, Action.SYSTEM_SWITCH_ON)) == 1


def test_whoever_lets_a_system_in_has_used_a_passkey_just_now(session):
    boss = desk(session)
    system_id = register(session, boss)
    wait(session, boss, confirmed_at=func.now() - timedelta(minutes=6))

    for act in (
        lambda: register(session, boss),
        lambda: connected_systems.change(
            session,
            boss.actor,
            system_id,
            system_keys=None,
            resource_types=["Slot"],
            **boss.fresh,
        ),
        lambda: connected_systems.switch_on(
            session, boss.actor, system_id, **boss.fresh
        ),
    ):
        with pytest.raises(NotConfirmed):
            act()
    # Shutting a system out must not wait for a passkey.
    connected_systems.switch_off(session, boss.actor, system_id)


def test_only_administrators_do_any_of_it(session):
    clerk = desk(session, Role.STAFF)
    for act in (
        lambda: register(session, clerk),
        lambda: connected_systems.list_systems(session, clerk.actor),
        lambda: connected_systems.get_system(session, clerk.actor, uuid4()),
        lambda: connected_systems.switch_off(session, clerk.actor, uuid4()),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_who_is_no_system_is_none(session):
    boss = desk(session)
    program = tokens.find(session, tokens.issue(session, Role.STAFF)).actor

    for system_id in (uuid4(), program.id, boss.actor.id):
        with pytest.raises(NoSuchSystem):
            connected_systems.switch_off(session, boss.actor, system_id)
        with pytest.raises(NoSuchSystem):
            connected_systems.get_system(session, boss.actor, system_id)


def test_what_is_over_is_forgotten_and_what_counts_is_kept(session):
    boss = desk(session)
    system_id = register(session, boss)
    system = connected_systems.get_system(session, boss.actor, system_id)
    granted = tokens.grant("system/*.rs", system.resource_types)
    given = (session, system.actor, granted, timedelta(minutes=5))
    tokens.issue_for_system(*given)
    session.execute(update(ApiToken).values(expires_at=func.now() - timedelta(days=2)))
    tokens.issue_for_system(*given)
    others = tokens.issue(session, Role.STAFF)
    now = session.scalar(select(func.now()))
    for minutes in (-90, 3):
        session.add(
            ClientAssertion(
                system_id=system_id,
                jti_hash=bytes([minutes % 256]),
                expires_at=now + timedelta(minutes=minutes),
            )
        )
    session.flush()

    connected_systems.forget(session, now - timedelta(hours=1))

    kept = session.scalars(select(ApiToken.user_id)).all()
    assert kept.count(system_id) == 1
    assert tokens.find(session, others)
    [assertion] = session.scalars(select(ClientAssertion.expires_at))
    assert assertion > now
