-- Replication: samples of the servers, what was done to them, drills, alerts.

CREATE TABLE replication_samples (
    resolution smallint NOT NULL,
    taken_at timestamptz NOT NULL,
    node text NOT NULL,
    role text,
    state text NOT NULL,
    timeline integer,
    write_lag double precision,
    flush_lag double precision,
    replay_lag double precision,
    replay_lag_max double precision,
    lag_bytes bigint,
    lag_bytes_max bigint,
    wal_rate double precision,
    connections integer,
    disk_free bigint,
    retained_bytes bigint,
    PRIMARY KEY (resolution, taken_at, node),
    CONSTRAINT replication_samples_role_known CHECK (role IN ('primary', 'replica')),
    CONSTRAINT replication_samples_resolution_known CHECK (resolution IN (1, 10, 300))
);

CREATE TABLE cluster_operations (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'running',
    actor_id uuid,
    actor_name text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    scheduled_at timestamptz,
    seen_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    node text,
    former_primary text,
    new_primary text,
    former_timeline integer,
    new_timeline integer,
    downtime_seconds double precision,
    lost_bytes bigint,
    lost_writes integer,
    phases jsonb NOT NULL DEFAULT '{}',
    result jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT cluster_operations_kind_known CHECK (
        kind IN ('switchover', 'failover', 'rejoin', 'reinit', 'restart', 'pause',
        'resume', 'settings', 'add-replica', 'remove-replica', 'pause-replay')
    ),
    CONSTRAINT cluster_operations_state_known
        CHECK (state IN ('scheduled', 'running', 'done', 'failed', 'cancelled')),
    CONSTRAINT cluster_operations_reason_length CHECK (char_length(reason) <= 500)
);
CREATE INDEX cluster_operations_newest ON cluster_operations (started_at);

CREATE TABLE drills (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL,
    state text NOT NULL DEFAULT 'running',
    actor_id uuid,
    actor_name text NOT NULL DEFAULT '',
    started_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    node text,
    rto_seconds double precision,
    rpo_seconds double precision,
    acknowledged integer,
    lost integer,
    errors integer,
    result jsonb NOT NULL DEFAULT '{}',
    CONSTRAINT drills_kind_known CHECK (
        kind IN ('switchover', 'crash', 'lost-node', 'frozen-node', 'patroni-killed',
        'lost-etcd', 'lost-mongo', 'full-disk', 'far-behind', 'network-cut')
    ),
    CONSTRAINT drills_state_known
        CHECK (state IN ('running', 'kept', 'broken', 'skipped', 'failed'))
);
CREATE INDEX drills_newest ON drills (kind, started_at);

CREATE TABLE drill_plans (
    kind text PRIMARY KEY,
    every_days integer NOT NULL DEFAULT 90,
    next_on date NOT NULL,
    reminded_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT drill_plans_kind_known CHECK (
        kind IN ('switchover', 'crash', 'lost-node', 'frozen-node', 'patroni-killed',
        'lost-etcd', 'lost-mongo', 'full-disk', 'far-behind', 'network-cut')
    ),
    CONSTRAINT drill_plans_every_days_range CHECK (every_days BETWEEN 1 AND 366)
);

CREATE TABLE write_probes (
    run_id uuid NOT NULL,
    writer integer NOT NULL,
    number integer NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (run_id, writer, number)
);

CREATE TABLE alert_rules (
    kind text PRIMARY KEY,
    is_active boolean NOT NULL DEFAULT true,
    threshold double precision NOT NULL,
    for_seconds double precision NOT NULL,
    clear_threshold double precision NOT NULL,
    clear_seconds double precision NOT NULL,
    mail_to text[] NOT NULL DEFAULT '{}',
    webhook_url text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by uuid,
    revision integer NOT NULL DEFAULT 1,
    CONSTRAINT alert_rules_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old')
    ),
    CONSTRAINT alert_rules_mail_to_count CHECK (cardinality(mail_to) <= 20),
    CONSTRAINT alert_rules_seconds_range
        CHECK (for_seconds BETWEEN 0 AND 86400 AND clear_seconds BETWEEN 0 AND 86400),
    CONSTRAINT alert_rules_threshold_range CHECK (
        threshold >= 0 AND clear_threshold >= 0 AND clear_threshold <= threshold
    ),
    CONSTRAINT alert_rules_webhook_url_length
        CHECK (webhook_url IS NULL OR char_length(webhook_url) <= 500)
);
-- A disk's threshold is the share of it that is used.
INSERT INTO alert_rules
    (kind, is_active, threshold, for_seconds, clear_threshold, clear_seconds)
VALUES
    ('lag', true, 10, 30, 2, 30),
    ('replica-gone', true, 0, 30, 0, 10),
    ('slot-retains', true, 2000000000, 60, 1000000000, 60),
    ('no-quorum', true, 0, 15, 0, 10),
    ('disk', true, 0.9, 60, 0.85, 60),
    ('clock-skew', true, 1, 60, 0.5, 60),
    ('conflict', true, 0, 0, 0, 300),
    ('backup-too-old', false, 93600, 300, 93600, 0);

CREATE TABLE alerts (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    kind text NOT NULL,
    node text,
    began_at timestamptz NOT NULL DEFAULT now(),
    ended_at timestamptz,
    value double precision,
    worst double precision,
    sentence text NOT NULL,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    acknowledged_by_name text,
    CONSTRAINT alerts_kind_known CHECK (
        kind IN ('lag', 'replica-gone', 'slot-retains', 'no-quorum', 'disk',
        'clock-skew', 'conflict', 'backup-too-old')
    )
);
CREATE INDEX alerts_newest ON alerts (began_at);
CREATE UNIQUE INDEX alerts_open_once ON alerts (kind, coalesce(node, ''))
    WHERE ended_at IS NULL;

CREATE TABLE alert_letters (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    alert_id uuid NOT NULL REFERENCES alerts,
    news text NOT NULL,
    channel text NOT NULL,
    address text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    send_at timestamptz NOT NULL DEFAULT now(),
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    given_up_at timestamptz,
    CONSTRAINT alert_letters_channel_known CHECK (channel IN ('mail', 'webhook')),
    CONSTRAINT alert_letters_news_known CHECK (news IN ('began', 'ended'))
);
CREATE UNIQUE INDEX alert_letters_once ON alert_letters
    (alert_id, news, channel, address);
CREATE INDEX alert_letters_to_send ON alert_letters (send_at)
    WHERE sent_at IS NULL AND given_up_at IS NULL;
