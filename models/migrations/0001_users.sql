-- +goose Up
CREATE TABLE users (
    id            TEXT      NOT NULL PRIMARY KEY,
    name          TEXT      NOT NULL,
    email         TEXT      NOT NULL CHECK (email = lower(email)),
    password_hash TEXT      NOT NULL,
    created_at    TIMESTAMP NOT NULL,
    updated_at    TIMESTAMP NOT NULL,
    disabled_at   TIMESTAMP
);
CREATE UNIQUE INDEX users_email ON users (email);

-- +goose Down
DROP TABLE users;
