"""A person of the crowd: a browser, a tab, and pauses for thought between actions."""

import asyncio
from dataclasses import dataclass, field
from random import Random

from benchmarks.crowd.browser import Browser
from benchmarks.crowd.tab import Tab

# Now and then somebody is called away; nobody is for the whole of a short run.
_LONGEST_THOUGHT = 4


@dataclass(slots=True)
class Person:
    """A user of an app: their pace, and the page that they have open."""

    browser: Browser
    random: Random
    think_seconds: float
    opened: Tab | None = field(default=None)

    @property
    def tab(self) -> Tab:
        """The open page; raises LookupError if there is none."""
        if self.opened is None:
            raise LookupError("No page is open.")
        return self.opened

    async def think(self) -> None:
        """Pause for reading and deciding: on average for the given time."""
        seconds = self.random.expovariate(1 / self.think_seconds)
        await asyncio.sleep(min(seconds, _LONGEST_THOUGHT * self.think_seconds))

    async def open(self, path: str) -> None:
        """Leave the open page, and open another one by its address."""
        await self.leave()
        self.opened = await Tab.open(self.browser, path)

    async def leave(self) -> None:
        """Close the page, if one is open."""
        if self.opened is not None:
            left, self.opened = self.opened, None
            await left.close()
