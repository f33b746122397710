-- +goose Up
-- A mail waits here, sealed, from the transaction that caused it until it is sent; the payload is cleared then.
CREATE TABLE outbox (
    id         TEXT      NOT NULL PRIMARY KEY,
    kind       TEXT      NOT NULL,
    payload    BYTEA     NOT NULL,
    attempts   INTEGER   NOT NULL,
    last_error TEXT      NOT NULL,
    created_at TIMESTAMP NOT NULL,
    run_at     TIMESTAMP NOT NULL,
    done_at    TIMESTAMP,
    failed_at  TIMESTAMP
);
CREATE INDEX outbox_due ON outbox (run_at) WHERE done_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_created_at ON outbox (created_at);

-- +goose Down
DROP TABLE outbox;
