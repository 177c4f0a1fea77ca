"""Versions of servers, and whether they have a fix that came in several branches."""

from collections.abc import Sequence

Version = tuple[int, ...]


def has_fix(version: Version, fixed_in: Sequence[Version]) -> bool:
    """Return whether a version has a fix that came with these, one for each branch.

    A branch is identified by all numbers but the last. One that is not listed has the
    fix only if it is newer than all that are.
    """
    for fixed in fixed_in:
        if version[: len(fixed) - 1] == fixed[:-1]:
            return version >= fixed
    return version > max(fixed_in)


def dotted(version: Version) -> str:
    """Return a version in the usual notation."""
    return ".".join(map(str, version))


def parse(written: str) -> Version:
    """Parse a version in the usual notation."""
    return tuple(int(number) for number in written.split("."))
