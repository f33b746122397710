-- +goose Up
CREATE TABLE account_recoveries (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX account_recoveries_token_hash ON account_recoveries (token_hash);
CREATE INDEX account_recoveries_user_id ON account_recoveries (user_id);
CREATE INDEX account_recoveries_expires_at ON account_recoveries (expires_at);

-- +goose Down
DROP TABLE account_recoveries;
