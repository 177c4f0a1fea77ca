"""Sign-ins: each is one browser of one person, known by a random token.

Everything that takes a token runs with `identity=ANONYMOUS`, since nobody is known yet;
listing and ending are done in a person's own name. Callers commit.
"""

from services.people.sessions.ending import (
    end as end,
    end_all as end_all,
    expire as expire,
    forget as forget,
    sign_out as sign_out,
)
from services.people.sessions.opening import (
    confirm as confirm,
    count_active as count_active,
    count_sign_ins as count_sign_ins,
    find as find,
    find_all as find_all,
    list_sessions as list_sessions,
    start as start,
    touch as touch,
)
from services.people.sessions.records import (
    FRESH as FRESH,
    LIMITS as LIMITS,
    Limits as Limits,
    LiveSession as LiveSession,
    Method as Method,
    NewSession as NewSession,
    SessionRecord as SessionRecord,
    actor_of as actor_of,
    limits_of as limits_of,
)
