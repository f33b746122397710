-- +goose Up
-- A browser in which a person is not asked for the second factor. generation is that of the password with which it was trusted.
CREATE TABLE trusted_devices (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BYTEA     NOT NULL,
    generation   BYTEA     NOT NULL,
    ip           TEXT      NOT NULL,
    device       TEXT      NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX trusted_devices_token_hash ON trusted_devices (token_hash);
CREATE INDEX trusted_devices_user_id ON trusted_devices (user_id);
CREATE INDEX trusted_devices_expires_at ON trusted_devices (expires_at);

-- +goose Down
DROP TABLE trusted_devices;
