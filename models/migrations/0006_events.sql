-- +goose Up
CREATE TABLE events (
    id         TEXT      NOT NULL PRIMARY KEY,
    at         TIMESTAMP NOT NULL,
    name       TEXT      NOT NULL,
    user_id    TEXT      REFERENCES users (id) ON DELETE SET NULL,
    session_id TEXT      NOT NULL,
    ip         TEXT      NOT NULL,
    device     TEXT      NOT NULL,
    detail     TEXT      NOT NULL
);
CREATE INDEX events_user_id_at ON events (user_id, at);
CREATE INDEX events_at ON events (at);

-- +goose Down
DROP TABLE events;
