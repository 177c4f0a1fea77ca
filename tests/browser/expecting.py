"""Expectations that wait for an element before they look at it.

While an expectation is not met, Playwright 1.65 has the page describe itself for the
message of a possible failure, with each element's name, role and style. That is seven
times in the first second, and was a tenth of the renderers' work in these tests.
Waiting for an element costs far less. What is expected and what a failure shows stay
the same. The time limit of an expectation begins once its element is there.
"""

from typing import Any, Final, Literal

import pytest
from playwright._impl.assertions import LocatorAssertions
from playwright.sync_api import Error, TimeoutError as OutOfTime

_State = Literal["attached", "hidden", "visible"]

# By expression, and whether it is negated. If the element need not be there at all,
# nothing is waited for; all other expressions are about an element that is there.
_STATES: Final[dict[tuple[str, bool], _State | None]] = {
    ("to.be.visible", False): "visible",
    ("to.be.visible", True): "hidden",
    ("to.be.hidden", False): "hidden",
    ("to.be.hidden", True): "visible",
    ("to.be.attached", True): None,
    ("to.be.detached", False): None,
    ("to.be.in.viewport", True): None,
}
# About any number of elements, for which nothing is described.
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
    """Make expectations wait for their elements first, until the patch is undone."""
    patch.setattr(LocatorAssertions, "_call_expect", _wait_and_look)
