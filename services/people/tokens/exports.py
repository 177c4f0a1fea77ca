"""How much of what it reads a connected system exports at once."""

from enum import StrEnum


class SystemExports(StrEnum):
    """What a system may export: of patients its groups alone, or all that it reads.

    It says nothing of what the system reads one by one.
    """

    NOTHING = "nothing"
    GROUPS = "groups"
    ALL = "all"
