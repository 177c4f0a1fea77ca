"""How much of what it reads a connected system can export at once."""

from enum import StrEnum


class SystemExports(StrEnum):
    """What a system may export: nothing, its groups' patients, or all that it reads.

    This does not limit what the system reads one by one.
    """

    NOTHING = "nothing"
    GROUPS = "groups"
    ALL = "all"
