-- +goose Up
-- When rows of the account were first deleted. From then on nothing brings the account back.
ALTER TABLE account_deletions ADD COLUMN begun_at TIMESTAMP;

-- +goose Down
ALTER TABLE account_deletions DROP COLUMN begun_at;
