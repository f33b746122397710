-- +goose Up
-- Recipients whose mail the cleanup deletes, in batches: all that was written until a time.
CREATE TABLE outbox_erasures (
    id             TEXT      NOT NULL PRIMARY KEY,
    recipient_hash BYTEA     NOT NULL,
    written_until  TIMESTAMP NOT NULL
);

-- +goose Down
DROP TABLE outbox_erasures;
