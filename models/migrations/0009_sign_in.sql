-- +goose Up
-- How many factors a session's person has proven, and when they last did. SQLite adds no column without a default to a table, so
-- there is a new table.
DROP INDEX sessions_token_hash;
DROP INDEX sessions_user_id;
DROP INDEX sessions_expires_at;
ALTER TABLE sessions RENAME TO former_sessions;
CREATE TABLE sessions (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash   BYTEA     NOT NULL,
    method       TEXT      NOT NULL,
    level        INTEGER   NOT NULL,
    remember     BOOLEAN   NOT NULL,
    ip           TEXT      NOT NULL,
    device       TEXT      NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    proved_at    TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
);
INSERT INTO sessions (id, user_id, token_hash, method, level, remember, ip, device, created_at, proved_at, last_seen_at, expires_at)
    SELECT id, user_id, token_hash, method, 1, remember, ip, device, created_at, created_at, last_seen_at, expires_at FROM former_sessions;
DROP TABLE former_sessions;
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);

-- A sign-in that still owes something is no session: it opens the page of what it owes and nothing else.
CREATE TABLE sign_ins (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    token_hash BYTEA     NOT NULL,
    method     TEXT      NOT NULL,
    level      INTEGER   NOT NULL,
    remember   BOOLEAN   NOT NULL,
    generation BYTEA     NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX sign_ins_token_hash ON sign_ins (token_hash);
CREATE INDEX sign_ins_user_id ON sign_ins (user_id);
CREATE INDEX sign_ins_expires_at ON sign_ins (expires_at);

-- +goose Down
DROP TABLE sign_ins;
DROP INDEX sessions_token_hash;
DROP INDEX sessions_user_id;
DROP INDEX sessions_expires_at;
ALTER TABLE sessions RENAME TO former_sessions;
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
INSERT INTO sessions (id, user_id, token_hash, method, remember, ip, device, created_at, last_seen_at, expires_at)
    SELECT id, user_id, token_hash, method, remember, ip, device, created_at, last_seen_at, expires_at FROM former_sessions;
DROP TABLE former_sessions;
CREATE UNIQUE INDEX sessions_token_hash ON sessions (token_hash);
CREATE INDEX sessions_user_id ON sessions (user_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
