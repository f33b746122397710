-- +goose Up
-- A sign-up waits here until its mailed link is confirmed; only then is there a user. Several may wait for one address.
CREATE TABLE signups (
    id            TEXT      NOT NULL PRIMARY KEY,
    name          TEXT      NOT NULL,
    email         TEXT      NOT NULL,
    password_hash TEXT      NOT NULL,
    browser_hash  BYTEA     NOT NULL,
    token_hash    BYTEA     NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    expires_at    TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX signups_browser_hash ON signups (browser_hash);
CREATE UNIQUE INDEX signups_token_hash ON signups (token_hash);
CREATE INDEX signups_email ON signups (email);
CREATE INDEX signups_expires_at ON signups (expires_at);

-- +goose Down
DROP TABLE signups;
