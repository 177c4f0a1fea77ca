"""The machine's processor cores that this process may use."""

import os


def count_usable_cores() -> int:
    """Return how many cores we may use if the system can tell, otherwise all."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
