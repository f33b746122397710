-- +goose Up
-- Since when the token of a browser may be somebody else's as well: it is not taken up again.
ALTER TABLE known_devices ADD COLUMN void_at TIMESTAMP;

-- +goose Down
DELETE FROM known_devices WHERE void_at IS NOT NULL;
ALTER TABLE known_devices DROP COLUMN void_at;
