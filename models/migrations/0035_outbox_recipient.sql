-- +goose Up
-- Which mail goes to the same address, without the address: a hash under SECRET_KEY. It is NULL in rows that an earlier program wrote, which
-- the cleanup fills in, and empty where the payload cannot be opened.
ALTER TABLE outbox ADD COLUMN recipient_hash BYTEA;
CREATE INDEX outbox_recipient_hash ON outbox (recipient_hash, created_at);

-- +goose Down
DROP INDEX outbox_recipient_hash;
ALTER TABLE outbox DROP COLUMN recipient_hash;
