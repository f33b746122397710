-- +goose Up
-- Since when the account may have been somebody else's, for whoever changes the address back: the alerts that would tell are void by then.
ALTER TABLE former_emails ADD COLUMN others_since TIMESTAMP;

-- +goose Down
ALTER TABLE former_emails DROP COLUMN others_since;
