"""An identity provider's answer is trusted only once every claim in it is checked."""

import json
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc.jwk import OctKey, RSAKey
from webauthn.helpers import bytes_to_base64url

from dashboard.sign_in.oidc.provider import (
    Client,
    Provider,
    ProviderAway,
    ProviderRefused,
)
from db.json_http import machine_trust
from tests.kit import cast
from tests.kit.openid_provider import CLIENT_ID, CLIENT_SECRET, serving

BACK = "https://clinic.example/sign-in/oidc/back"
CLEO = {"sub": "cleo-1", "name": cast.CLEO.name, "groups": ["desk"]}


@pytest.fixture
def theirs():
    with serving(BACK) as provider:
        provider.person = CLEO
        yield provider


@pytest.fixture
def ours(theirs):
    return Provider(
        Client(theirs.issuer, CLIENT_ID, CLIENT_SECRET, "openid profile", BACK)
    )


pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend():
    return "asyncio"


async def sign_in_there(ours):
    """Do what the browser does: return our request and the code that answered it."""
    question = await ours.ask()
    async with httpx.AsyncClient(verify=machine_trust()) as browser:
        answer = await browser.get(question.url)
    assert answer.status_code == 302, answer.text
    back = urlsplit(answer.headers["location"])
    assert f"{back.scheme}://{back.netloc}{back.path}" == BACK
    said = parse_qs(back.query)
    assert said["state"] == [question.state]
    return question, said["code"][0]


async def claims_of(ours):
    question, code = await sign_in_there(ours)
    return await ours.redeem(code, nonce=question.nonce, verifier=question.verifier)


async def refusal_of(ours):
    with pytest.raises(ProviderRefused, match="cannot be trusted") as refused:
        await claims_of(ours)
    return refused.value.why


async def test_the_provider_tells_who_somebody_is(ours):
    claims = await claims_of(ours)

    assert claims | CLEO == claims


async def test_each_question_is_new_and_asks_for_proof_of_possession(ours):
    first, second = await ours.ask(), await ours.ask()

    query = parse_qs(urlsplit(first.url).query)
    assert query["code_challenge_method"] == ["S256"]
    assert query["response_type"] == ["code"]
    assert query["nonce"] == [first.nonce]
    assert first.verifier not in first.url
    for name in ("state", "nonce", "verifier"):
        assert len(getattr(first, name)) >= 43
        assert getattr(first, name) != getattr(second, name)


async def test_a_code_is_worth_nothing_without_its_verifier(ours):
    question, code = await sign_in_there(ours)

    with pytest.raises(ProviderRefused):
        await ours.redeem(code, nonce=question.nonce, verifier="x" * 43)


async def test_a_code_is_worth_something_once(ours):
    question, code = await sign_in_there(ours)
    marks = {"nonce": question.nonce, "verifier": question.verifier}
    await ours.redeem(code, **marks)

    with pytest.raises(ProviderRefused):
        await ours.redeem(code, **marks)


async def test_a_token_signed_by_somebody_else_is_refused(ours, theirs):
    theirs.signs_with = RSAKey.generate_key(2048)

    assert await refusal_of(ours) == "BadSignatureError"


async def test_a_token_signed_by_nobody_is_refused(ours, theirs, monkeypatch):
    monkeypatch.setattr(theirs, "sign", _unsigned)

    assert await refusal_of(ours) == "UnsupportedAlgorithmError"


async def test_a_token_signed_with_a_shared_secret_is_refused(ours, theirs):
    theirs.signs_with = OctKey.import_key(CLIENT_SECRET)
    theirs.header = {"alg": "HS256"}

    assert await refusal_of(ours) == "UnsupportedAlgorithmError"


@pytest.mark.parametrize(
    ("bribe", "why"),
    [
        ({"aud": "another-client"}, "aud"),
        ({"aud": "another-client", "azp": CLIENT_ID}, "aud"),
        ({"aud": [CLIENT_ID, "another"], "azp": "another"}, "azp"),
        ({"aud": None}, "aud"),
        ({"iss": "https://evil.example"}, "iss"),
        ({"iss": None}, "iss"),
        ({"nonce": "of another sign-in"}, "nonce"),
        ({"nonce": None}, "nonce"),
        ({"exp": 1_700_000_000}, "exp"),
        ({"exp": None}, "exp"),
        ({"exp": "soon"}, "exp"),
        ({"iat": 4_000_000_000}, "iat"),
        ({"nbf": 4_000_000_000}, "nbf"),
        ({"sub": None}, "sub"),
        ({"at_hash": "of-another-token"}, "at_hash"),
    ],
    ids=str,
)
async def test_a_token_with_a_wrong_mark_is_refused(ours, theirs, bribe, why):
    theirs.bribe = bribe

    assert (await refusal_of(ours)).endswith(f": {why}")


async def test_a_token_among_whose_audiences_we_are_counts(ours, theirs):
    theirs.bribe = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}

    assert (await claims_of(ours))["sub"] == "cleo-1"


async def test_keys_that_changed_are_asked_for_again(ours, theirs):
    await claims_of(ours)
    await claims_of(ours)
    assert theirs.key_requests == 1

    theirs.change_keys()

    assert (await claims_of(ours))["sub"] == "cleo-1"
    assert theirs.key_requests == 2


async def test_what_is_told_later_is_asked_for(ours, theirs):
    theirs.user_info = {"sub": "cleo-1", "email": cast.CLEO.email, "name": "R"}

    claims = await claims_of(ours)

    assert claims["email"] == cast.CLEO.email
    assert claims["name"] == cast.CLEO.name


async def test_what_is_told_later_is_about_the_same_person(ours, theirs):
    theirs.user_info = {"sub": "somebody-else", "groups": ["admins"]}

    assert await refusal_of(ours) == "userinfo of somebody else"


async def test_a_provider_that_takes_the_secret_in_the_form_gets_it_there(ours, theirs):
    theirs.takes_secret_by = "client_secret_post"

    assert (await claims_of(ours))["sub"] == "cleo-1"


async def test_a_wrong_secret_is_a_refusal(theirs):
    ours = Provider(Client(theirs.issuer, CLIENT_ID, "wrong", "openid", BACK))

    assert await refusal_of(ours) == "HTTP 401"


async def test_metadata_of_another_issuer_is_refused(ours, theirs):
    theirs.metadata = {"issuer": "https://evil.example"}

    with pytest.raises(ProviderRefused):
        await ours.ask()


async def test_an_address_less_safe_than_the_issuer_is_refused(theirs):
    theirs.metadata = {"authorization_endpoint": "javascript:alert(1)"}
    ours = Provider(Client(theirs.issuer, CLIENT_ID, None, "openid", BACK))

    with pytest.raises(ProviderRefused):
        await ours.ask()


async def test_a_broken_provider_is_away_and_not_believed(ours, theirs):
    theirs.is_broken = True

    with pytest.raises(ProviderAway, match="sign in with a code"):
        await claims_of(ours)


async def test_a_provider_that_nobody_reaches_is_away():
    nowhere = Client("http://127.0.0.1:1", CLIENT_ID, None, "openid", BACK)

    with pytest.raises(ProviderAway):
        await Provider(nowhere).ask()


def _unsigned(claims):
    parts = [json.dumps(part).encode() for part in ({"alg": "none"}, claims)]
    return ".".join([*map(bytes_to_base64url, parts), ""])
