-- +goose Up
-- A mailed way in: a link and a code, for the browser that asked. user_id is null in the row written for an unknown address, so that
-- asking costs the same for both; recipient is a keyed hash of the address, by which a newer request finds the older ones.
CREATE TABLE mail_logins (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      REFERENCES users (id) ON DELETE CASCADE,
    recipient    BYTEA     NOT NULL,
    browser_hash BYTEA     NOT NULL,
    token_hash   BYTEA     NOT NULL,
    code_hash    BYTEA     NOT NULL,
    generation   BYTEA     NOT NULL,
    known_device BOOLEAN   NOT NULL,
    remember     BOOLEAN   NOT NULL,
    tries        INTEGER   NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    expires_at   TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX mail_logins_browser_hash ON mail_logins (browser_hash);
CREATE UNIQUE INDEX mail_logins_token_hash ON mail_logins (token_hash);
CREATE INDEX mail_logins_recipient ON mail_logins (recipient);
CREATE INDEX mail_logins_user_id ON mail_logins (user_id);
CREATE INDEX mail_logins_expires_at ON mail_logins (expires_at);

-- +goose Down
DROP TABLE mail_logins;
