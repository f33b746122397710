-- +goose Up
CREATE TABLE sessions (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BYTEA     NOT NULL,
    method       TEXT      NOT NULL,
    remember     BOOLEAN   NOT NULL,
    ip           TEXT      NOT NULL,
    device       TEXT      NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

CREATE TABLE known_devices (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BYTEA     NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX known_devices_user_id_token_hash ON known_devices (user_id, token_hash);
CREATE INDEX known_devices_last_seen_at ON known_devices (last_seen_at);

-- +goose Down
DROP TABLE known_devices;
DROP TABLE sessions;
