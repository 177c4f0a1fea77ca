"""Saved views and cohorts are sent by mail at set times, as dashboards are.

A column, and a check that knows it. The version before can list, stop and delete what
is sent of a view, and send a mail that waits; it makes none: the filter of such a row
is one that it cannot read, so that it leaves it to a worker of this version.
"""

from db.migrations import run

revision = "0058"
down_revision = "0057"


def upgrade() -> None:
    run(
        "ALTER TABLE dashboard_subscriptions"
        " ADD COLUMN view_id uuid,"
        " DROP CONSTRAINT dashboard_subscriptions_of_one,"
        " ADD CONSTRAINT dashboard_subscriptions_of_one"
        " CHECK (num_nonnulls(dashboard_id, ready, view_id) = 1)"
    )


def downgrade() -> None:
    raise NotImplementedError("What people have asked to be sent would be lost.")
