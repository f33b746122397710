-- +goose Up
-- A sign-up waits here until its mailed link is confirmed; only then is there a user. Several may wait for one address.
CREATE TABLE registrations (
    id            TEXT      NOT NULL PRIMARY KEY,
    name          TEXT      NOT NULL,
    email         TEXT      NOT NULL,
    password_hash TEXT      NOT NULL,
    browser_hash  BYTEA     NOT NULL,
    token_hash    BYTEA     NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    expires_at    TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX registrations_browser_hash ON registrations (browser_hash);
CREATE UNIQUE INDEX registrations_token_hash ON registrations (token_hash);
CREATE INDEX registrations_email ON registrations (email);
CREATE INDEX registrations_expires_at ON registrations (expires_at);

-- +goose Down
DROP TABLE registrations;
