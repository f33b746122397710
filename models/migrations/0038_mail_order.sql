-- +goose Up
-- When what a mail carries is of no use any more. What ends soonest is sent first, and nothing is sent after it. NULL in rows that an earlier
-- program wrote.
ALTER TABLE outbox ADD COLUMN expires_at TIMESTAMP;
CREATE INDEX outbox_waiting ON outbox (expires_at, run_at) WHERE done_at IS NULL AND failed_at IS NULL;

-- +goose Down
DROP INDEX outbox_waiting;
ALTER TABLE outbox DROP COLUMN expires_at;
