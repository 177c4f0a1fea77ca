"""Versions of servers, and whether they have a fix that came in several branches."""

from collections.abc import Sequence

Version = tuple[int, ...]


def has_fix(version: Version, fixed_in: Sequence[Version]) -> bool:
    """Tell whether a version has a fix that came with these, one for each branch.

    A branch is known by all but the last number. One that is not named has the fix
    only if it is younger than all that are.
    """
    for fixed in fixed_in:
        if version[: len(fixed) - 1] == fixed[:-1]:
            return version >= fixed
    return version > max(fixed_in)


def dotted(version: Version) -> str:
    """Write a version as people do."""
    return ".".join(map(str, version))


def parse(written: str) -> Version:
    """Read a version as people write it."""
    return tuple(int(number) for number in written.split("."))
