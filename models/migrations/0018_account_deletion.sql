-- +goose Up
-- An account that its owner has asked to delete. It is closed (users.disabled_at) since created_at and goes at expires_at; until then the
-- mailed token brings it back.
CREATE TABLE account_deletions (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX account_deletions_user_id ON account_deletions (user_id);
CREATE UNIQUE INDEX account_deletions_token_hash ON account_deletions (token_hash);
CREATE INDEX account_deletions_expires_at ON account_deletions (expires_at);

-- +goose Down
DROP TABLE account_deletions;
