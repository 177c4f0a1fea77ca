"""What an app still holds when everybody has gone."""

import asyncio
from collections.abc import Mapping
from typing import Final

import httpx

from benchmarks.crowd.browser import Browser
from benchmarks.crowd.journal import Journal
from benchmarks.crowd.servers import Site, Usage
from benchmarks.crowd.tab import Tab

# A page whose connection was lost may come back for two minutes. What it held is
# released when another page closes after that.
_LOST_SECONDS: Final = 125.0
_FREED_SECONDS: Final = 15.0


async def left_behind(before: Mapping[Site, Usage], cookie: str) -> list[str]:
    """Wait until nothing should be held any more; return what is held beyond before.

    Idle connections to the databases, which a server keeps after work, are listed
    separately; the last page itself is part of the rest.
    """
    await asyncio.sleep(_LOST_SECONDS)
    async with httpx.AsyncClient() as http:
        for site in before:
            await pass_by(site, cookie, http)
    await asyncio.sleep(_FREED_SECONDS)
    return [_line(site, site.usage().since(usage)) for site, usage in before.items()]


async def pass_by(site: Site, cookie: str, http: httpx.AsyncClient) -> None:
    """Open a page at each of the app's servers, and leave.

    What a page with a lost connection held is released when another page closes.
    """
    for server in site.servers:
        known = cookie if site.watch_path else ""
        browser = Browser(server.address, http, Journal(), known, site.watch_path)
        await (await Tab.open(browser, "/")).close()


def _line(site: Site, held: Usage) -> str:
    return (
        f"{site.name}, when all had gone: {held.threads:+} threads, "
        f"{held.descriptors:+} descriptors besides {held.pooled:+} idle connections, "
        f"{held.memory_bytes / 1e6:+,.1f} MB"
    )
