-- +goose Up
-- How a person wants to see the site. Who has no row has chosen nothing.
CREATE TABLE preferences (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    theme      TEXT      NOT NULL CHECK (theme IN ('system', 'light', 'dark')),
    language   TEXT      NOT NULL,
    time_zone  TEXT      NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX preferences_user_id ON preferences (user_id);

-- +goose Down
DROP TABLE preferences;
