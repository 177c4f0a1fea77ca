"""Names of segments of PostgreSQL's log, as archives use them."""

from typing import Annotated, Final

from pydantic import StringConstraints

WalName = Annotated[str, StringConstraints(pattern=r"^[0-9A-F]{24}$")]
_TIMELINE_DIGITS: Final = 8
# The size of a log file, which the middle of a name counts: 4 GB.
_LOG_FILE_BYTES: Final = 1 << 32


def is_before_end(name: str, last: str) -> bool:
    """Return whether an archive that ends with `last` has this segment.

    A later timeline continues the log of an earlier one. A segment of a later timeline
    than the archive's end is not there yet, whatever its number.
    """
    return (
        name[:_TIMELINE_DIGITS] <= last[:_TIMELINE_DIGITS]
        and name[_TIMELINE_DIGITS:] <= last[_TIMELINE_DIGITS:]
    )


def count_segments(first: str, last: str, segment_bytes: int) -> int | None:
    """Return the number of segments from one to another; None across timelines."""
    if first[:_TIMELINE_DIGITS] != last[:_TIMELINE_DIGITS]:
        return None
    return _number(last, segment_bytes) - _number(first, segment_bytes) + 1


def _number(name: str, segment_bytes: int) -> int:
    log_file, segment = int(name[8:16], 16), int(name[16:], 16)
    return log_file * (_LOG_FILE_BYTES // segment_bytes) + segment
