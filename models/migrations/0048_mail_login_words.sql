-- +goose Up
ALTER TABLE mail_logins RENAME COLUMN generation TO credential_version;

-- +goose Down
ALTER TABLE mail_logins RENAME COLUMN credential_version TO generation;
