"""Sign-ins: each is one browser of one person, known by a random token.

Whatever has to do with a token works under `acting=DOOR`, since nobody is known yet;
listing and ending are done in a person's own name. Callers commit.
"""

from services.people.sessions.ending import end, end_all, expire, forget, sign_out
from services.people.sessions.opening import (
    confirm,
    find,
    find_all,
    list_sessions,
    start,
    touch,
)
from services.people.sessions.records import (
    FRESH,
    LIMITS,
    Limits,
    Live,
    Method,
    Record,
    Started,
    hash_of,
    is_fresh,
    is_well_formed,
    limits_of,
)

__all__ = [
    "FRESH",
    "LIMITS",
    "Limits",
    "Live",
    "Method",
    "Record",
    "Started",
    "confirm",
    "end",
    "end_all",
    "expire",
    "find",
    "find_all",
    "forget",
    "hash_of",
    "is_fresh",
    "is_well_formed",
    "limits_of",
    "list_sessions",
    "sign_out",
    "start",
    "touch",
]
