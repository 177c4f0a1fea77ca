"""A site that was promoted meanwhile is noticed, whatever else goes wrong."""

from threading import Event

import pytest

from db.embedded import CannotStart
from db.embedded.sites.takeover_watch import TakeoverWatch
from tests.kit.waiting import eventually


class Sites:
    """What each look at the sites finds, in turn; the last result stays."""

    def __init__(self, *seen: Exception | None) -> None:
        self.seen = list(seen)
        self.is_over = Event()

    def look(self) -> None:
        now = self.seen[0]
        if len(self.seen) > 1:
            self.seen.pop(0)
        else:
            self.is_over.set()
        if now is not None:
            raise now


def watched(sites: Sites) -> TakeoverWatch:
    watch = TakeoverWatch(sites.look, every_seconds=0.01)
    watch.start()
    assert sites.is_over.wait(10)
    return watch


def test_a_site_that_was_promoted_ends_this_one_also_after_a_look_that_failed():
    taken_over = CannotStart("The site north is the clinic now.")
    watch = watched(Sites(None, OSError("no network"), taken_over))

    with pytest.raises(CannotStart, match="north is the clinic"):
        eventually(watch.require_main, lambda _: False, seconds=5)


def test_as_long_as_nobody_was_promoted_it_goes_on():
    watch = watched(Sites(OSError("no network"), None))

    watch.require_main()
    watch.stop()
