"""If the supervisor itself fails, it continues, and reports it once."""

import logging
from threading import Event
from typing import Any, cast

from db.embedded.supervision.supervisor import Supervisor

_LOOKS = 4


def test_a_failure_that_lasts_is_told_once_and_another_at_once(caplog):
    looks, seen_both = list[int](), Event()

    def nodes():
        looks.append(len(looks))
        if len(looks) > 2 * _LOOKS:
            seen_both.set()
        if len(looks) > _LOOKS:
            raise OSError("The folder is gone.")
        raise ValueError("Something else.")

    # The failure comes before any program of a cluster is reached.
    supervisor = Supervisor(cast("Any", None), nodes, (), probe_url=str, is_held=bool)
    with caplog.at_level(logging.ERROR, logger="db.embedded.supervision"):
        supervisor.start()
        try:
            assert seen_both.wait(60)
        finally:
            supervisor.stop()

    failures = [record.exc_info[0] for record in caplog.records if record.exc_info]
    assert failures == [ValueError, OSError]
