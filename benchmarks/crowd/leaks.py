"""What an app still holds when everybody has gone."""

import time
from typing import Final

from benchmarks.crowd.servers import Site, Usage

# A page whose connection is lost may come back for two minutes.
_MOST_SECONDS: Final = 150.0
_EVERY_SECONDS: Final = 2.0


def left_behind(site: Site, before: Usage) -> str:
    """Wait until nothing is held any more, or for as long as that may take; say it."""
    begun = time.monotonic()
    while True:
        held = site.usage().since(before)
        waited = time.monotonic() - begun
        is_free = held.descriptors <= 0 and held.threads <= 0
        if is_free or waited > _MOST_SECONDS:
            return (
                f"{site.name}, {waited:.0f} s after all had gone: "
                f"{held.descriptors:+} descriptors, {held.threads:+} threads, "
                f"{held.memory_bytes / 1e6:+,.1f} MB"
            )
        time.sleep(_EVERY_SECONDS)
