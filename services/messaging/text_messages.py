"""Text messages to people's phones, by a small HTTP gateway of the clinic's own."""

import logging
from dataclasses import dataclass
from typing import Final

import httpx

from db.json_http import machine_trust
from db.settings import Settings
from services.core.errors import Unavailable

_SECONDS: Final = 15
_log = logging.getLogger(__name__)


class TextNotSent(Unavailable):
    """The gateway did not accept the message."""

    def __init__(self) -> None:
        super().__init__(
            "The text message could not be sent: the gateway is not accepting it "
            "right now. Try again in a minute."
        )


@dataclass(frozen=True, slots=True)
class Gateway:
    """Takes `{"to": ..., "text": ...}` by POST and answers 2xx once it has it.

    docs/sms-gateway.md describes its side of the contract.
    """

    url: str
    token: str | None = None
    timeout_seconds: float = _SECONDS

    def send(self, phone_number: str, text: str) -> None:
        """Hand the message over, or raise TextNotSent."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        try:
            # Redirects are not followed: they could carry the code elsewhere.
            httpx.post(
                self.url,
                json={"to": phone_number, "text": text},
                headers=headers,
                timeout=self.timeout_seconds,
                verify=machine_trust(),
            ).raise_for_status()
        except httpx.HTTPError as error:
            # Its text has the gateway's address, which may contain a secret.
            _log.warning("A text message was not sent: %s.", type(error).__name__)
            raise TextNotSent from None


def gateway_of(settings: Settings) -> Gateway | None:
    """Return the gateway that these settings name, or None."""
    if settings.sms_url is None:
        return None
    token = settings.sms_token.get_secret_value() if settings.sms_token else None
    return Gateway(settings.sms_url.get_secret_value(), token)
