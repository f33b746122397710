-- +goose Up
-- From where a change of the address was asked for. SQLite adds no column without a default to a table, so there is a new table.
DROP INDEX email_changes_user_id;
DROP INDEX email_changes_new_token_hash;
DROP INDEX email_changes_old_token_hash;
DROP INDEX email_changes_expires_at;
ALTER TABLE email_changes RENAME TO former_email_changes;
CREATE TABLE email_changes (
    id             TEXT      NOT NULL PRIMARY KEY,
    user_id        TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    email          TEXT      NOT NULL CHECK (email = lower(email)),
    session_id     TEXT      NOT NULL,
    ip             TEXT      NOT NULL,
    device         TEXT      NOT NULL,
    new_token_hash BYTEA     NOT NULL,
    old_token_hash BYTEA     NOT NULL,
    new_proven_at  TIMESTAMP,
    old_proven_at  TIMESTAMP,
    created_at     TIMESTAMP NOT NULL,
    expires_at     TIMESTAMP NOT NULL
);
INSERT INTO email_changes (id, user_id, email, session_id, new_token_hash, old_token_hash, new_proven_at, old_proven_at, created_at, expires_at, ip, device)
    SELECT id, user_id, email, session_id, new_token_hash, old_token_hash, new_proven_at, old_proven_at, created_at, expires_at, '', '' FROM former_email_changes;
DROP TABLE former_email_changes;
CREATE UNIQUE INDEX email_changes_user_id ON email_changes (user_id);
CREATE UNIQUE INDEX email_changes_new_token_hash ON email_changes (new_token_hash);
CREATE UNIQUE INDEX email_changes_old_token_hash ON email_changes (old_token_hash);
CREATE INDEX email_changes_expires_at ON email_changes (expires_at);

-- +goose Down
DROP INDEX email_changes_user_id;
DROP INDEX email_changes_new_token_hash;
DROP INDEX email_changes_old_token_hash;
DROP INDEX email_changes_expires_at;
ALTER TABLE email_changes RENAME TO former_email_changes;
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
INSERT INTO email_changes (id, user_id, email, session_id, new_token_hash, old_token_hash, new_proven_at, old_proven_at, created_at, expires_at)
    SELECT id, user_id, email, session_id, new_token_hash, old_token_hash, new_proven_at, old_proven_at, created_at, expires_at FROM former_email_changes;
DROP TABLE former_email_changes;
CREATE UNIQUE INDEX email_changes_user_id ON email_changes (user_id);
CREATE UNIQUE INDEX email_changes_new_token_hash ON email_changes (new_token_hash);
CREATE UNIQUE INDEX email_changes_old_token_hash ON email_changes (old_token_hash);
CREATE INDEX email_changes_expires_at ON email_changes (expires_at);
