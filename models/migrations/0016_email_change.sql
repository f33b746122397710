-- +goose Up
-- Another address waits here until both mailboxes have shown that they agree; the one in users stays until then.
CREATE TABLE email_changes (
    id             TEXT      NOT NULL PRIMARY KEY,
    user_id        TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email          TEXT      NOT NULL CHECK (email = lower(email)),
    session_id     TEXT      NOT NULL,
    new_token_hash BYTEA     NOT NULL,
    old_token_hash BYTEA     NOT NULL,
    new_proven_at  TIMESTAMP,
    old_proven_at  TIMESTAMP,
    created_at     TIMESTAMP NOT NULL,
    expires_at     TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX email_changes_user_id ON email_changes (user_id);
CREATE UNIQUE INDEX email_changes_new_token_hash ON email_changes (new_token_hash);
CREATE UNIQUE INDEX email_changes_old_token_hash ON email_changes (old_token_hash);
CREATE INDEX email_changes_expires_at ON email_changes (expires_at);

-- The address before a change stays its owner's for as long as the change can be undone.
CREATE TABLE former_emails (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email      TEXT      NOT NULL CHECK (email = lower(email)),
    token_hash BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX former_emails_token_hash ON former_emails (token_hash);
CREATE INDEX former_emails_user_id ON former_emails (user_id);
CREATE INDEX former_emails_email ON former_emails (email);
CREATE INDEX former_emails_expires_at ON former_emails (expires_at);

-- +goose Down
DROP TABLE former_emails;
DROP TABLE email_changes;
