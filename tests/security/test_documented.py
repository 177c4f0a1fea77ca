"""What docs/security.md says is so."""

import re
from pathlib import Path
from typing import get_args

import pytest

from dashboard.sign_in.routing import create_sign_in
from dashboard.sign_in.sign_in_context import SignInContext
from db.settings import Settings
from services.core import throttling
from services.core.throttling import Limit
from services.people.sessions.records import Method

_ROOT = Path(__file__).resolve().parents[2]
_SECURITY = (_ROOT / "docs" / "security.md").read_text()
_NAMED = re.findall(r"`(tests/\S+\.py)::(test_\w+)`", _SECURITY)

# On these paths somebody is already signed in, or is leaving.
_INSIDE = {
    "/sign-in/confirm",
    "/sign-in/passkeys",
    "/sign-in/passkeys/remove",
    "/sign-in/oidc/connect",
    "/sign-in/oidc/disconnect",
    "/sign-out",
}
_WAYS = {
    "code": "/sign-in/code",
    "demo": "/sign-in/code",
    "passkey": "/sign-in/passkey",
    "oidc": "/sign-in/oidc/back",
    "invitation": "/welcome/",
}


def test_enough_tests_are_named():
    assert len(_NAMED) > 50


@pytest.mark.parametrize(("path", "name"), _NAMED)
def test_a_test_that_is_named_is_there(path, name):
    assert f"def {name}(" in (_ROOT / path).read_text()


def test_a_test_named_after_a_requirement_is_in_the_table():
    named_after = {
        (str(path.relative_to(_ROOT)), name)
        for path in (_ROOT / "tests").rglob("test_*.py")
        for name in re.findall(r"^def (test_asvs_\w+)\(", path.read_text(), re.M)
    }

    assert named_after <= set(_NAMED)


def test_asvs_6_3_4_there_is_no_undocumented_way_in(context):
    routes = {route.path for route in create_sign_in(context).routes}

    for path in routes - _INSIDE:
        assert f"`{path.partition('{')[0]}" in _SECURITY
    assert set(get_args(Method)) == _WAYS.keys()
    for path in _WAYS.values():
        assert f"`{path}" in _SECURITY


def test_asvs_6_1_1_every_limit_is_documented():
    limits = [value for value in vars(throttling).values() if isinstance(value, Limit)]

    for limit in limits:
        if limit.name.startswith(("codes", "tries")):
            assert re.search(rf"\b{limit.amount}\b", _SECURITY)


@pytest.fixture
def context(tmp_path):
    """The sign-in context of a clinic with its own provider; nobody signs in."""
    settings = Settings(data=tmp_path, _env_file=None)
    return SignInContext.of(settings, None, None, None, "k" * 64, files=None)
