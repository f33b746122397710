-- +goose Up
-- user_id is null in the row written for an unknown address, so that asking costs the same for both.
CREATE TABLE password_resets (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX password_resets_token_hash ON password_resets (token_hash);
CREATE INDEX password_resets_user_id ON password_resets (user_id);
CREATE INDEX password_resets_expires_at ON password_resets (expires_at);

-- +goose Down
DROP TABLE password_resets;
