-- +goose Up
-- An app that makes codes. The secret is sealed; last_step is the step of the last code that was accepted.
CREATE TABLE authenticators (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name         TEXT      NOT NULL,
    secret       BYTEA     NOT NULL,
    last_step    BIGINT    NOT NULL,
    created_at   TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP NOT NULL
);
CREATE INDEX authenticators_user_id ON authenticators (user_id);

-- +goose Down
DROP TABLE authenticators;
