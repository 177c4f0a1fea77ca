"""The machine's processor cores that this process may use."""

import os


def count_usable_cores() -> int:
    """Return how many cores there are for us, where the system tells, or in all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
