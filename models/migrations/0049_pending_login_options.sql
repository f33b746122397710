-- +goose Up
-- What the user has ticked while logging in, for when the login is complete.
ALTER TABLE pending_logins ADD COLUMN options TEXT;

-- +goose Down
ALTER TABLE pending_logins DROP COLUMN options;
