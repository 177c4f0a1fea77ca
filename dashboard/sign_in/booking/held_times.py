"""What a browser keeps about the time that it holds, until the code is typed."""

from dataclasses import asdict, dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from dashboard.sign_in.cookies import SignedCookie
from dashboard.sign_in.sign_in_context import SignInContext
from dashboard.web.installation_key import derive

_MINUTES: Final = 60


@dataclass(frozen=True, slots=True)
class HeldTime:
    """What a browser keeps about the time that it holds; in the demo, also the code."""

    id: str
    doctor: str
    email: str
    until: str
    what: str
    shown: str | None = None


class HeldTimes:
    """The cookie of a held time, which only we can write."""

    def __init__(self, context: SignInContext) -> None:
        self._cookie = SignedCookie(
            "chartroom-booking",
            derive(context.key, "booking"),
            lifetime_seconds=15 * _MINUTES,
        )

    def read(self, request: Request) -> HeldTime | None:
        """Return the time that the browser holds, or held last."""
        note = self._cookie.read(request)
        return None if note is None else HeldTime(**note)

    def write(self, request: Request, response: Response, held: HeldTime) -> None:
        """Have the browser keep it."""
        self._cookie.write(request, response, asdict(held))

    def clear(self, request: Request, response: Response) -> None:
        """Have the browser delete it."""
        self._cookie.clear(request, response)
