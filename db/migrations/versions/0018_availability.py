"""How long the clinic was there, and how fast its error budget burns."""

from typing import Final

from db.migrations import run
from db.migrations.alert_kinds import add_alert_kind
from db.migrations.rules import ALL, Rules, statements

revision = "0018"
down_revision = "0017"

_AVAILABILITY: Final = """
CREATE TABLE availability_samples (
    starts_at timestamptz PRIMARY KEY,
    up_seconds smallint NOT NULL,
    down_seconds smallint NOT NULL,
    web_down_seconds smallint NOT NULL,
    database_down_seconds smallint NOT NULL,
    CONSTRAINT availability_samples_seconds_range CHECK (
        up_seconds BETWEEN 0 AND 300 AND down_seconds BETWEEN 0 AND 300
        AND web_down_seconds BETWEEN 0 AND 300
        AND database_down_seconds BETWEEN 0 AND 300
    )
);
"""
_RULES: Final[Rules] = {
    "availability_samples": (("admin", "SELECT", "true"), ("system", ALL, "true")),
}


def upgrade() -> None:
    run(_AVAILABILITY)
    # How many times as fast as it lasts: 14.4 is 2 % of a month's budget in an hour.
    add_alert_kind("error-budget", raised=(14.4, 0), cleared=(6, 60))
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What is known of the availability would be lost.")
