"""People are told of what is there for them: in a list of their own, and by e-mail."""

from typing import Final

from db.migrations import run
from db.migrations.rules import ALL, Rules, statements

revision = "0021"
down_revision = "0020"

# What it is about is named without a foreign key: it may be deleted before.
_TABLE: Final = """
CREATE TABLE user_notifications (
    id uuid PRIMARY KEY DEFAULT uuidv7(),
    user_id uuid NOT NULL REFERENCES users,
    topic text NOT NULL,
    subject_id uuid,
    detail text NOT NULL DEFAULT '',
    created_at timestamptz NOT NULL DEFAULT now(),
    read_at timestamptz,
    mail_at timestamptz,
    CONSTRAINT user_notifications_topic_known CHECK (
        topic IN ('document', 'shared', 'offer', 'alert', 'drill', 'emergency')
    ),
    CONSTRAINT user_notifications_detail_length CHECK (char_length(detail) <= 500)
);
CREATE INDEX user_notifications_newest ON user_notifications (user_id, created_at, id);
CREATE INDEX user_notifications_unread ON user_notifications (user_id)
    WHERE read_at IS NULL;
CREATE INDEX user_notifications_of_subject ON user_notifications (subject_id);
CREATE INDEX user_notifications_to_mail ON user_notifications (mail_at)
    WHERE mail_at IS NOT NULL;
CREATE INDEX user_notifications_created_at_idx ON user_notifications (created_at);
"""
# Colleagues to whom a document is shown are written to at their own address.
_LETTERS: Final = """
ALTER TABLE visit_letters
    ADD COLUMN user_id uuid REFERENCES users,
    DROP CONSTRAINT visit_letters_to_somebody,
    ADD CONSTRAINT visit_letters_to_somebody
        CHECK (num_nonnulls(patient_id, newcomer_id, user_id) = 1),
    DROP CONSTRAINT visit_letters_kind_known,
    ADD CONSTRAINT visit_letters_kind_known CHECK (
        kind IN ('confirmed', 'moved', 'cancelled', 'reminder', 'offer', 'released',
        'document')
    );
CREATE INDEX visit_letters_user_id_idx ON visit_letters (user_id)
    WHERE user_id IS NOT NULL;
"""
# How many are unread is counted with the sign-in, while nobody is known yet.
_RULES: Final[Rules] = {
    "user_notifications": (
        (
            "patient staff clinician analyst admin",
            "SELECT, UPDATE (read_at)",
            "user_id = acting_user()",
        ),
        ("door", "SELECT (id, user_id, read_at)", "true"),
        ("system", ALL, "true"),
    ),
}


def upgrade() -> None:
    run(_TABLE)
    run(_LETTERS)
    run(*statements(_RULES))


def downgrade() -> None:
    raise NotImplementedError("What people were told of would be lost.")
