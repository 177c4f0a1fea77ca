"""Distributes tests to the workers of a run so that no processor is left idle."""

from typing import Any

from xdist.scheduler.loadgroup import LoadGroupScheduling

# A worker that drives Chromium takes a gigabyte more, with the server and the pages.
_MOST_BROWSERS = 3


class BrowserBesideOthers(LoadGroupScheduling):
    """Distributes groups of tests; the first worker begins with those in a browser.

    Tests that break clusters mostly wait, and those in a browser compute: one kind
    after the other would leave processors idle and then crowd them. A worker that has
    begun with a browser gets nothing else afterwards: an event loop runs in its
    process.
    """

    def __init__(self, *how: Any) -> None:
        super().__init__(*how)
        self._driving = set[Any]()

    def _assign_work_unit(self, node: Any) -> None:
        """Move the group for this worker to the front of the queue, and hand it out."""
        group = self._find_group(node)
        if group is None:
            node.shutdown()
            return
        if _is_in_browser(group):
            self._driving.add(node)
        self.workqueue.move_to_end(group, last=False)
        super()._assign_work_unit(node)

    def _reschedule(self, node: Any) -> None:
        """Give a worker more to do, or shut it down if nothing is left for it."""
        if self.workqueue and self._find_group(node) is None:
            if not node.shutting_down:
                node.shutdown()
            return
        super()._reschedule(node)

    def _find_group(self, node: Any) -> str | None:
        in_browser = next(filter(_is_in_browser, self.workqueue), None)
        if node in self._driving:
            return in_browser
        others = (group for group in self.workqueue if not _is_in_browser(group))
        if len(self._driving.intersection(self.nodes)) >= _MOST_BROWSERS:
            return next(others, None)
        if len(self.nodes) > 1 and node is self.nodes[0]:
            return in_browser or next(others, None)
        return next(others, in_browser)


def _is_in_browser(group: str) -> bool:
    return "browser" in group
