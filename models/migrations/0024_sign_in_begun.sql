-- +goose Up
-- Where a sign-in was begun, and when something was last proven: created_at and expires_at are those of its first step from now on. What is
-- unfinished is gone, and its person begins anew: a column without a default is for an empty table.
DELETE FROM sign_ins;
ALTER TABLE sign_ins ADD COLUMN known_device BOOLEAN NOT NULL;
ALTER TABLE sign_ins ADD COLUMN ip TEXT NOT NULL;
ALTER TABLE sign_ins ADD COLUMN device TEXT NOT NULL;
ALTER TABLE sign_ins ADD COLUMN proved_at TIMESTAMP NOT NULL;

-- +goose Down
ALTER TABLE sign_ins DROP COLUMN proved_at;
ALTER TABLE sign_ins DROP COLUMN device;
ALTER TABLE sign_ins DROP COLUMN ip;
ALTER TABLE sign_ins DROP COLUMN known_device;
