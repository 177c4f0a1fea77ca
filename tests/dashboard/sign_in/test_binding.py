"""A browser's secret for the codes it asks for: the same in all tabs, and limited."""

from types import SimpleNamespace

import pytest
from starlette.requests import Request
from starlette.responses import Response

from dashboard.sign_in.binding import Binding
from dashboard.sign_in.cookies import KnownCookie
from services.core import throttling
from services.core.throttling import Limit, LimitReached

KEY = "k" * 64


class Throttle:
    """Records the limits that are counted, and refuses the one that is named."""

    def __init__(self) -> None:
        self.taken: list[tuple[Limit, str]] = []
        self.refused: Limit | None = None

    def take(self, limit: Limit, whose: str) -> None:
        if limit is self.refused:
            raise LimitReached(limit, retry_after_seconds=60, is_first=True)
        self.taken.append((limit, whose))


@pytest.fixture
def throttle():
    return Throttle()


@pytest.fixture
def binding(throttle):
    return Binding(SimpleNamespace(key=KEY, throttle=throttle, known=KnownCookie(KEY)))


def request(cookie: str = "") -> Request:
    return Request(
        {
            "type": "http",
            "scheme": "http",
            "client": ("192.0.2.7", 1),
            "headers": [(b"cookie", cookie.encode())],
        }
    )


def kept_by(binding: Binding, secret: str) -> str:
    response = Response()
    binding.keep(request(), response, secret)
    return response.headers["set-cookie"].partition(";")[0]


def test_a_browser_without_a_secret_gets_256_random_bits(binding):
    secret = binding.begin(request())

    assert len(secret) == 43
    assert secret != binding.begin(request())


def test_all_tabs_of_a_browser_have_the_same_secret(binding):
    cookie = kept_by(binding, "s3cret")

    assert binding.begin(request(cookie)) == "s3cret"
    assert binding.answer(request(cookie)) == "s3cret"


def test_a_secret_that_we_did_not_give_is_none(binding):
    cookie = kept_by(binding, "s3cret")

    assert binding.answer(request(f"{cookie}x")) == ""
    assert binding.answer(request()) == ""


def test_questions_and_answers_have_limits_of_their_network(binding, throttle):
    binding.begin(request())
    binding.answer(request())

    assert throttle.taken == [
        (throttling.CEREMONIES_PER_NETWORK, "192.0.2.7"),
        (throttling.TRIES_PER_NETWORK, "192.0.2.7"),
    ]


def test_a_browser_that_we_know_is_counted_for_itself(binding, throttle):
    response = Response()
    KnownCookie(KEY).add(request(), response, "of-rosa")
    cookie = response.headers["set-cookie"].partition(";")[0]

    binding.begin(request(cookie))
    binding.answer(request(cookie))

    assert throttle.taken == [
        (throttling.CEREMONIES_PER_BROWSER, "of-rosa"),
        (throttling.TRIES_PER_BROWSER, "of-rosa"),
    ]


@pytest.mark.parametrize(
    ("limit", "step"),
    [
        (throttling.CEREMONIES_PER_NETWORK, Binding.begin),
        (throttling.TRIES_PER_NETWORK, Binding.answer),
    ],
)
def test_beyond_a_limit_nothing_is_looked_up(binding, throttle, limit, step):
    throttle.refused = limit

    with pytest.raises(LimitReached):
        step(binding, request())
