"""Expectations that wait for an element before they look at it.

While an expectation is not met, Playwright 1.65 has the page describe itself for
whoever may have to read of a failure, with each element's name, role and style. That
is seven times in the first second, and was a tenth of what renderers did in these
tests. To wait for an element costs nothing like it. What is expected and what a failure
shows stay the same. What is said of an element has its time from when that is there.
"""

from typing import Any, Final, Literal

import pytest
from playwright._impl.assertions import LocatorAssertions
from playwright.sync_api import Error, TimeoutError as OutOfTime

_State = Literal["attached", "hidden", "visible"]

# By what is expected, and whether of the opposite. What may not be there at all is not
# waited for; all else is said of an element that is.
_STATES: Final[dict[tuple[str, bool], _State | None]] = {
    ("to.be.visible", False): "visible",
    ("to.be.visible", True): "hidden",
    ("to.be.hidden", False): "hidden",
    ("to.be.hidden", True): "visible",
    ("to.be.attached", True): None,
    ("to.be.detached", False): None,
    ("to.be.in.viewport", True): None,
}
# Said of however many elements there are, for which nothing is described.
_OF_MANY: Final = (".count", ".array")

_look = LocatorAssertions._call_expect


async def _wait_and_look(
    self: LocatorAssertions, expression: str, options: Any, title: str | None
) -> Any:
    """Do as `LocatorAssertions._call_expect` does, but wait first."""
    if state := _state_for(expression, is_not=options["isNot"]):
        try:
            timeout = options["timeout"]
            await self._actual_locator.wait_for(timeout=timeout, state=state)
        except OutOfTime:
            # One look is left, which describes what is there instead.
            options["timeout"] = 1
        except Error:  # The look meets it as well, and says what it is of.
            pass
    return await _look(self, expression, options, title)


def _state_for(expression: str, *, is_not: bool) -> _State | None:
    if expression.endswith(_OF_MANY):
        return None
    return _STATES.get((expression, is_not), "attached")


def wait_first(patch: pytest.MonkeyPatch) -> None:
    """Let expectations of elements wait first, until the patch is undone."""
    patch.setattr(LocatorAssertions, "_call_expect", _wait_and_look)
