"""The headers that every response gives browsers."""

from base64 import b64encode
from hashlib import sha256

import pytest
from starlette.responses import PlainTextResponse

from dashboard.web.page_scripts import SCRIPTS
from dashboard.web.security_headers import SecurityHeaders
from tests.dashboard.asgi import ask


@pytest.mark.parametrize("path", ["/patients", "/sign-in", "/media/x", "/api/v1"])
def test_asvs_3_4_4_every_response_tells_browsers_to_be_careful(path):
    headers = ask(SecurityHeaders(PlainTextResponse("")), path).headers

    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "strict-transport-security" not in headers


def test_asvs_3_4_3_of_scripts_in_a_page_only_known_ones_run():
    headers = ask(SecurityHeaders(PlainTextResponse(""))).headers
    policy = dict(
        directive.split(" ", 1)
        for directive in headers["content-security-policy"].split("; ")
    )

    assert "unsafe-inline" not in policy["script-src"]
    assert policy["script-src"].count("'sha256-") == 6
    for script in SCRIPTS.values():
        digest = b64encode(sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy["script-src"]


def test_asvs_3_4_1_over_tls_browsers_are_told_to_stay_with_it():
    answer = ask(SecurityHeaders(PlainTextResponse("")), scheme="https")

    assert answer.headers["strict-transport-security"] == "max-age=31536000"


def test_a_stricter_policy_of_a_page_stands():
    async def strict(scope, receive, send):
        headers = {"Content-Security-Policy": "default-src 'none'"}
        await PlainTextResponse("", headers=headers)(scope, receive, send)

    answer = ask(SecurityHeaders(strict))

    assert answer.headers["content-security-policy"] == "default-src 'none'"


def test_media_is_never_kept_by_a_browser():
    async def media(scope, receive, send):
        headers = {"Cache-Control": "public, max-age=60"}
        await PlainTextResponse("", headers=headers)(scope, receive, send)

    assert (
        ask(SecurityHeaders(media), "/media/x").headers["cache-control"] == "no-store"
    )
