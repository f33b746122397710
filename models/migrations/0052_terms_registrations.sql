-- +goose Up
-- The version of the terms that a sign-up spoke of has a table of its own.
CREATE TABLE registration_terms (
    id      TEXT NOT NULL PRIMARY KEY REFERENCES registrations (id) ON DELETE CASCADE,
    version TEXT NOT NULL
);
INSERT INTO registration_terms (id, version)
    SELECT id, terms_version FROM registrations WHERE terms_version IS NOT NULL;
ALTER TABLE registrations DROP COLUMN terms_version;

-- +goose Down
ALTER TABLE registrations ADD COLUMN terms_version TEXT;
UPDATE registrations SET terms_version = (SELECT version FROM registration_terms WHERE registration_terms.id = registrations.id);
DROP TABLE registration_terms;
