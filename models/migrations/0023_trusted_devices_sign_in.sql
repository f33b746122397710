-- +goose Up
-- Whether the browser is to be trusted once the sign-in is finished, which may take more steps than the second factor.
ALTER TABLE sign_ins ADD COLUMN trust BOOLEAN;

-- +goose Down
ALTER TABLE sign_ins DROP COLUMN trust;
