"""Patroni as a program of the main site: no node leads once another site was promoted.

A main site that comes back, or that was only cut off, does not know of the promotion,
and would write what nobody sees at the other site. The other site's member of MongoDB's
set tells anybody whether it leads: a node asks before it starts, and repeatedly from
then on. Once it has heard so, it keeps that in a file beside its data and never starts
again, whichever servers it can reach: docs/runbooks/lost-site.md.

`python -m db.cluster.fenced_node CONFIGURATION` is db.cluster.patroni_node with that
rule, which OTHER_SITE_ADDRESS turns on. OTHER_SITE_MEMBER is HOST:PORT of the other
site's member, OTHER_SITE_LEADS the file.
"""

import logging
import os
import signal
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Final

from db.cluster.patroni_node import run
from db.mongo import site_members

_WAIT_SECONDS: Final = 10.0
_LOOK_SECONDS: Final = 3.0
_PAUSE_SECONDS: Final = 0.5
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SiteFence:
    """The other site's member, as HOST:PORT, and the file that records that it led."""

    member: str
    heard: Path

    @classmethod
    def from_environment(cls) -> "SiteFence":
        """Return the fence given by a node's environment variables."""
        variables = os.environ
        return cls(variables["OTHER_SITE_MEMBER"], Path(variables["OTHER_SITE_LEADS"]))

    @property
    def refusal(self) -> str:
        """The message that a node ends with instead of starting."""
        return (
            "The other site was promoted and is the clinic now, according to its "
            f"MongoDB ({self.member}): nobody there would see what this node writes. "
            "Keep its data aside (docs/runbooks/lost-site.md). This was recorded in "
            f"{self.heard}."
        )

    def require_main(self, wait_seconds: float = _WAIT_SECONDS) -> None:
        """Raise SystemExit if the other site leads, or has ever led.

        The member there, and the network to it, may start later than this node. A
        member that does not answer at all prevents no start: it may be the one that is
        lost.
        """
        deadline = time.monotonic() + wait_seconds
        while (leads := self.is_other_leading()) is None:
            if time.monotonic() > deadline:
                _log.warning("The other site (%s) does not answer.", self.member)
                return
            time.sleep(_PAUSE_SECONDS)
        if leads:
            raise SystemExit(self.refusal)

    def is_other_leading(self) -> bool | None:
        """Return whether the other site leads, and record it; None if unknown."""
        if self.heard.exists():
            return True
        leads = site_members.is_leading(self.member)
        if leads:
            self.heard.touch()
        return leads

    def watch(self, every_seconds: float = _LOOK_SECONDS) -> None:
        """Watch from now on, beside this process; end it once the other site leads."""
        Thread(
            target=self._watch, args=[every_seconds], name="other site", daemon=True
        ).start()

    def _watch(self, every_seconds: float) -> None:
        while not self._leads():
            time.sleep(every_seconds)
        _log.critical("%s", self.refusal)
        # Like the end of a container: PostgreSQL is shut down cleanly.
        os.kill(os.getpid(), signal.SIGTERM)

    def _leads(self) -> bool:
        try:
            return bool(self.is_other_leading())
        except OSError:
            # It cannot be recorded, but is true nevertheless.
            return True


if __name__ == "__main__":
    if os.environ.get("OTHER_SITE_ADDRESS"):
        fence = SiteFence.from_environment()
        fence.require_main()
        fence.watch()
    run()
