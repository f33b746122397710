-- +goose Up
-- Since when the account may have been somebody else's, where that is before what the alert tells of: older alerts are void by then.
ALTER TABLE security_alerts ADD COLUMN others_since TIMESTAMP;

-- +goose Down
ALTER TABLE security_alerts DROP COLUMN others_since;
