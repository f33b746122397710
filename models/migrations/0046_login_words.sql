-- +goose Up
-- One word for each thing: a login that still needs a step is a pending login, and events are named after login.
ALTER TABLE sessions RENAME COLUMN level TO aal;
ALTER TABLE sessions RENAME COLUMN proved_at TO authenticated_at;

ALTER TABLE sign_ins RENAME TO pending_logins;
ALTER TABLE pending_logins RENAME COLUMN level TO aal;
ALTER TABLE pending_logins RENAME COLUMN proved_at TO authenticated_at;
ALTER TABLE pending_logins RENAME COLUMN generation TO credential_version;
DROP INDEX sign_ins_token_hash;
DROP INDEX sign_ins_user_id;
DROP INDEX sign_ins_expires_at;
CREATE UNIQUE INDEX pending_logins_token_hash ON pending_logins (token_hash);
CREATE INDEX pending_logins_user_id ON pending_logins (user_id);
CREATE INDEX pending_logins_expires_at ON pending_logins (expires_at);

UPDATE events SET name = 'login.begun', detail = replace(detail, '"owes":', '"step":') WHERE name = 'sign_in.begun';
UPDATE events SET name = 'login.continued', detail = replace(detail, '"owes":', '"step":') WHERE name = 'sign_in.continued';
UPDATE events SET name = 'login.refused' WHERE name = 'sign_in.refused';
UPDATE events SET name = 'login.reported' WHERE name = 'sign_in.reported';
UPDATE events SET name = 'session.reauthenticated' WHERE name = 'session.proved';
UPDATE events SET name = 'account.compromise_reported' WHERE name = 'account.disowned';
UPDATE outbox SET kind = 'email_reserved' WHERE kind = 'email_kept';

-- +goose Down
UPDATE outbox SET kind = 'email_kept' WHERE kind = 'email_reserved';
UPDATE events SET name = 'account.disowned' WHERE name = 'account.compromise_reported';
UPDATE events SET name = 'session.proved' WHERE name = 'session.reauthenticated';
UPDATE events SET name = 'sign_in.reported' WHERE name = 'login.reported';
UPDATE events SET name = 'sign_in.refused' WHERE name = 'login.refused';
UPDATE events SET name = 'sign_in.continued', detail = replace(detail, '"step":', '"owes":') WHERE name = 'login.continued';
UPDATE events SET name = 'sign_in.begun', detail = replace(detail, '"step":', '"owes":') WHERE name = 'login.begun';

DROP INDEX pending_logins_expires_at;
DROP INDEX pending_logins_user_id;
DROP INDEX pending_logins_token_hash;
ALTER TABLE pending_logins RENAME COLUMN credential_version TO generation;
ALTER TABLE pending_logins RENAME COLUMN authenticated_at TO proved_at;
ALTER TABLE pending_logins RENAME COLUMN aal TO level;
ALTER TABLE pending_logins RENAME TO sign_ins;
CREATE UNIQUE INDEX sign_ins_token_hash ON sign_ins (token_hash);
CREATE INDEX sign_ins_user_id ON sign_ins (user_id);
CREATE INDEX sign_ins_expires_at ON sign_ins (expires_at);

ALTER TABLE sessions RENAME COLUMN authenticated_at TO proved_at;
ALTER TABLE sessions RENAME COLUMN aal TO level;
