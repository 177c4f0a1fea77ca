"""Text messages over a real gateway, as docs/sms-gateway.md describes it."""

import logging
from collections.abc import Iterator

import pytest

from services.messaging.text_messages import Gateway, TextNotSent
from tests.kit.gateway import Messages, gateway


@pytest.fixture
def messages() -> Iterator[Messages]:
    with gateway() as messages:
        yield messages


def test_a_message_arrives_with_its_bearer(messages):
    Gateway(messages.url, "secret").send("+491701234567", "Your code is 271828.")

    assert messages.got == [
        {
            "body": {"to": "+491701234567", "text": "Your code is 271828."},
            "bearer": "Bearer secret",
            "type": "application/json",
        }
    ]


def test_without_a_token_there_is_no_bearer(messages):
    Gateway(messages.url).send("+491701234567", "Hello.")

    assert messages.got[0]["bearer"] is None


@pytest.mark.parametrize("answer", [302, 307, 400, 500])
def test_a_gateway_that_does_not_take_it_is_told_once_and_nowhere_else(
    messages, caplog, answer
):
    messages.answer = answer

    with caplog.at_level(logging.INFO, "services"), pytest.raises(TextNotSent):
        Gateway(messages.url).send("+491701234567", "Your code is 271828.")

    assert len(messages.got) == 1
    assert "271828" not in caplog.text
    assert "4917" not in caplog.text


def test_without_a_gateway_there_is_a_sentence():
    with pytest.raises(TextNotSent, match="could not be sent"):
        Gateway("http://127.0.0.1:1/", timeout_seconds=2).send("+491701234567", "x")
