-- +goose Up
CREATE TABLE notes (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    title      TEXT      NOT NULL,
    body       TEXT      NOT NULL
);
CREATE INDEX notes_user_id_created_at ON notes (user_id, created_at);

-- +goose Down
DROP TABLE notes;
