-- +goose Up
CREATE TABLE limits (
    id      TEXT      NOT NULL PRIMARY KEY,
    hits    INTEGER   NOT NULL,
    open_at TIMESTAMP NOT NULL,
    ends_at TIMESTAMP NOT NULL
);
CREATE INDEX limits_ends_at ON limits (ends_at);

-- +goose Down
DROP TABLE limits;
