"""The identity provider's settings: unsafe ones are refused in a sentence."""

import pytest
from pydantic import ValidationError

from db.settings import Settings, explain

PROVIDER = {
    "public_url": "https://chartroom.example.org",
    "oidc_issuer": "https://accounts.example.org",
    "oidc_client_id": "chartroom",
}


def made(**values: object) -> Settings:
    return Settings(_env_file=None, **values)


def refusal_of(**values: object) -> str:
    with pytest.raises(ValidationError) as refused:
        made(**values)
    return explain(refused.value)


def test_a_slash_behind_the_public_address_does_not_matter():
    assert made(public_url="https://Clinic.example/").public_url == (
        "https://clinic.example"
    )


@pytest.mark.parametrize(
    "address",
    [
        "clinic.example",
        "http://clinic.example",
        "https://clinic.example/chartroom",
        "https://clinic.example?x=1",
        "https://user:secret@clinic.example",
        "ftp://localhost",
    ],
)
def test_the_public_address_is_one_that_can_be_trusted(address):
    sentence = refusal_of(public_url=address)

    assert sentence.startswith("CHARTROOM_PUBLIC_URL: write only the address at which")
    assert "secret" not in sentence


def test_on_this_machine_plain_http_will_do():
    here = {"public_url": "http://localhost:8501", "oidc_issuer": "http://127.0.0.1:1"}

    assert made(**PROVIDER | here).oidc_issuer == "http://127.0.0.1:1"


def test_nobody_between_may_change_what_the_provider_says():
    assert "write https://" in refusal_of(
        **PROVIDER | {"oidc_issuer": "http://accounts.example.org"}
    )


@pytest.mark.parametrize("missing", PROVIDER)
def test_a_provider_needs_to_know_us_and_the_way_back(missing):
    values = {name: value for name, value in PROVIDER.items() if name != missing}

    # The public address may be the only one set: passkeys use it too.
    if missing == "oidc_issuer":
        values.pop("public_url")
    assert "go together" in refusal_of(**values)


def test_groups_are_given_roles_in_their_order():
    roles = made(oidc_roles='{"b": "clinician", "a": "staff"}').oidc_roles

    assert list(roles.items()) == [("b", "clinician"), ("a", "staff")]


@pytest.mark.parametrize(
    "roles", ["doctors=clinician", '{"all": "patient"}', '["staff"]', '{"x": 1}']
)
def test_a_role_that_no_provider_can_give_is_refused(roles):
    assert "write JSON that gives groups a role" in refusal_of(oidc_roles=roles)


def test_the_scopes_name_openid():
    assert '"openid"' in refusal_of(oidc_scopes="profile")
