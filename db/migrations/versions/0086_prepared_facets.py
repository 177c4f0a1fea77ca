"""The worker counts facets of large clinics ahead of time, for whoever asks next.

The version before does not know the table, and counts when somebody asks.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0086"
down_revision = "0085"

# Not logged: it is written anew every half hour, and nobody misses it after a crash.
_PREPARED: Final = """
CREATE UNLOGGED TABLE prepared_facets (
    kind text NOT NULL,
    place integer NOT NULL,
    question text NOT NULL,
    words text NOT NULL,
    members bytea NOT NULL,
    population integer NOT NULL,
    smallest_group integer NOT NULL,
    counted_at timestamptz NOT NULL,
    PRIMARY KEY (kind, place)
);
-- Hashes do not get smaller.
ALTER TABLE prepared_facets ALTER COLUMN members SET STORAGE EXTERNAL;
"""
# Who is in a group is more than analysts may know.
_RULES: Final[Rules] = {"prepared_facets": (("system", ALL, "true"),)}


def upgrade() -> None:
    run(_PREPARED)
    run(*statements(_RULES))


def downgrade() -> None:
    run("DROP TABLE prepared_facets")
