-- +goose Up
UPDATE pending_logins SET options = CASE WHEN trust THEN 'trust' ELSE '' END;
ALTER TABLE pending_logins DROP COLUMN trust;

-- +goose Down
ALTER TABLE pending_logins ADD COLUMN trust BOOLEAN;
UPDATE pending_logins SET trust = TRUE WHERE options = 'trust';
