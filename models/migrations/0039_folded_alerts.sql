-- +goose Up
-- Alerts that come in great number are folded into one mail that waits for a few minutes. folded is what it tells so far, as JSON, and mail_id
-- its row in the outbox; both are NULL for an alert that has a mail of its own.
ALTER TABLE security_alerts ADD COLUMN mail_id TEXT;
ALTER TABLE security_alerts ADD COLUMN folded TEXT;

-- +goose Down
ALTER TABLE security_alerts DROP COLUMN folded;
ALTER TABLE security_alerts DROP COLUMN mail_id;
