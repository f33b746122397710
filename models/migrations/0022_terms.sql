-- +goose Up
-- Which versions of the terms a person has accepted. The rows stay as long as the person does: they are what shows it.
CREATE TABLE accepted_terms (
    id          TEXT      NOT NULL PRIMARY KEY,
    user_id     TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    version     TEXT      NOT NULL,
    accepted_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX accepted_terms_user_id_version ON accepted_terms (user_id, version);

-- The version that there was when somebody signed up, since the form says that they accept it; NULL where there was none.
ALTER TABLE registrations ADD COLUMN terms_version TEXT;

-- +goose Down
ALTER TABLE registrations DROP COLUMN terms_version;
DROP TABLE accepted_terms;
