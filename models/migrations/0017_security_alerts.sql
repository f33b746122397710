-- +goose Up
-- A mail that told the owner of something done to the account has a link for when it was not them.
CREATE TABLE security_alerts (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX security_alerts_token_hash ON security_alerts (token_hash);
CREATE INDEX security_alerts_user_id ON security_alerts (user_id);
CREATE INDEX security_alerts_expires_at ON security_alerts (expires_at);

-- Since when a new password is due before the next sign-in is finished. An empty password_hash is no password at all.
ALTER TABLE users ADD COLUMN password_due_at TIMESTAMP;

-- +goose Down
ALTER TABLE users DROP COLUMN password_due_at;
DROP TABLE security_alerts;
