-- +goose Up
-- Which factor was proven, and when the owner is told of a sign-in that is not finished: NULL where there is nothing to tell. Who is signing in
-- begins anew.
DELETE FROM sign_ins;
ALTER TABLE sign_ins ADD COLUMN factor_id TEXT NOT NULL;
ALTER TABLE sign_ins ADD COLUMN report_at TIMESTAMP;
ALTER TABLE sign_ins DROP COLUMN known_device;

-- +goose Down
DELETE FROM sign_ins;
ALTER TABLE sign_ins ADD COLUMN known_device BOOLEAN NOT NULL;
ALTER TABLE sign_ins DROP COLUMN report_at;
ALTER TABLE sign_ins DROP COLUMN factor_id;
