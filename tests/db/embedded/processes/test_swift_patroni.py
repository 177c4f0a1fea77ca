"""Which pauses of Patroni are made shorter, and that they are still where they were."""

import inspect
import subprocess
import sys

from db.embedded.processes import swift_patroni
from db.embedded.processes.swift_patroni import PAUSE_SECONDS, SwiftTime

_HURRY = """
import runpy, sys, time
hurried = runpy.run_path(sys.argv[1], run_name="hurried")
hurried["hurry"]()
import patroni.ha, patroni.postgresql
slept = []
time.sleep = slept.append
patroni.ha.time.sleep(2)
print(slept, patroni.postgresql.STOP_POLLING_INTERVAL < 1)
"""


def test_only_head_starts_are_shorter(monkeypatch):
    slept = []
    monkeypatch.setattr(swift_patroni.time, "sleep", slept.append)

    for seconds in (1, 2, 0.5, 3):
        SwiftTime.sleep(seconds)

    assert slept == [PAUSE_SECONDS, PAUSE_SECONDS, 0.5, 3]


def test_all_else_is_the_clock_as_it_is():
    import time

    assert SwiftTime().time is time.time


def test_patroni_goes_by_it():
    path = inspect.getsourcefile(swift_patroni)

    ran = subprocess.run(
        [sys.executable, "-c", _HURRY, path], capture_output=True, text=True, check=True
    )

    assert ran.stdout.split() == [f"[{PAUSE_SECONDS}]", "True"]
