-- +goose Up
ALTER TABLE trusted_devices RENAME COLUMN generation TO credential_version;

-- +goose Down
ALTER TABLE trusted_devices RENAME COLUMN credential_version TO generation;
