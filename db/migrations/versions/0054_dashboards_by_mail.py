"""Dashboards are sent by mail at set times, and counts are watched, for analysts.

New tables, and two more kinds of notification. The version before sends nothing and
writes no such notification, nor can its pages ask for one: until somebody has done so
on a page of this version there is none for its bell to read.
"""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0054"
down_revision = "0053"

# A dashboard that is deleted stops what is sent of it, with a word to everybody, when
# it is next due. So there is no reference to it.
_TABLES: Final = """
CREATE TABLE dashboard_subscriptions (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id uuid NOT NULL REFERENCES users,
    dashboard_id uuid,
    ready text,
    shown jsonb NOT NULL DEFAULT '{}',
    recipients uuid[] NOT NULL,
    rhythm text NOT NULL,
    day smallint NOT NULL,
    hour smallint NOT NULL,
    next_at timestamptz,
    stopped_because text,
    ran_at timestamptz,
    waiting integer NOT NULL DEFAULT 0,
    sent integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT dashboard_subscriptions_of_one
        CHECK ((dashboard_id IS NULL) <> (ready IS NULL)),
    CONSTRAINT dashboard_subscriptions_recipients
        CHECK (cardinality(recipients) <= 50),
    CONSTRAINT dashboard_subscriptions_day_known CHECK (
        rhythm = 'weekly' AND day BETWEEN 0 AND 6
        OR rhythm = 'monthly' AND day BETWEEN 1 AND 28
    ),
    CONSTRAINT dashboard_subscriptions_hour CHECK (hour BETWEEN 0 AND 23),
    CONSTRAINT dashboard_subscriptions_runs_or_stopped
        CHECK ((next_at IS NULL) = (stopped_because IS NOT NULL)),
    CONSTRAINT dashboard_subscriptions_stop_known CHECK (
        stopped_because IN ('person', 'owner', 'dashboard', 'recipients')
    )
);
CREATE INDEX dashboard_subscriptions_of_owner ON dashboard_subscriptions (owner_id);
CREATE INDEX dashboard_subscriptions_due ON dashboard_subscriptions (next_at)
    WHERE next_at IS NOT NULL;
CREATE TABLE count_alerts (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    owner_id uuid NOT NULL REFERENCES users,
    name text NOT NULL,
    criteria_key text NOT NULL REFERENCES stored_criteria,
    is_above boolean NOT NULL,
    line integer NOT NULL,
    state text NOT NULL DEFAULT 'unknown',
    next_at timestamptz NOT NULL,
    checked_at timestamptz,
    crossed_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT count_alerts_name CHECK (char_length(name) BETWEEN 1 AND 60),
    CONSTRAINT count_alerts_line CHECK (line >= 2),
    CONSTRAINT count_alerts_state_known
        CHECK (state IN ('unknown', 'within', 'beyond'))
);
CREATE INDEX count_alerts_of_owner ON count_alerts (owner_id);
CREATE INDEX count_alerts_due ON count_alerts (next_at);
CREATE INDEX count_alerts_of_criteria ON count_alerts (criteria_key);
CREATE TABLE analyst_mails (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    subscription_id uuid REFERENCES dashboard_subscriptions ON DELETE CASCADE,
    alert_id uuid REFERENCES count_alerts ON DELETE CASCADE,
    user_id uuid NOT NULL REFERENCES users,
    subject text NOT NULL,
    body text NOT NULL,
    filename text NOT NULL DEFAULT '',
    paper bytea,
    attempts integer NOT NULL DEFAULT 0,
    send_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT analyst_mails_of_one
        CHECK ((subscription_id IS NULL) <> (alert_id IS NULL))
);
CREATE INDEX analyst_mails_due ON analyst_mails (send_at);
CREATE INDEX analyst_mails_of_subscription ON analyst_mails (subscription_id);
CREATE INDEX analyst_mails_of_alert ON analyst_mails (alert_id);
ALTER TABLE user_notifications
    DROP CONSTRAINT user_notifications_topic_known,
    ADD CONSTRAINT user_notifications_topic_known CHECK (
        topic IN ('document', 'shared', 'offer', 'alert', 'drill', 'emergency',
                  'unsent', 'count')
    );
"""
_RULES: Final[Rules] = {
    "dashboard_subscriptions": (
        ("analyst", "SELECT", "acting_user() = ANY (owner_id || recipients)"),
        ("analyst", "INSERT, UPDATE, DELETE", "owner_id = acting_user()"),
        ("system", ALL, "true"),
    ),
    "count_alerts": (
        ("analyst", "SELECT, INSERT, DELETE", "owner_id = acting_user()"),
        ("system", ALL, "true"),
    ),
    "analyst_mails": (("system", ALL, "true"),),
}


def upgrade() -> None:
    run(_TABLES)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What people have asked to be sent would be lost.")
