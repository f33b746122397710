-- +goose Up
CREATE TABLE notes (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    title      TEXT      NOT NULL,
    body       TEXT      NOT NULL,
    pinned     BOOLEAN   NOT NULL,
    deleted_at TIMESTAMP
);
CREATE INDEX notes_user_id_created_at ON notes (user_id, created_at);
CREATE UNIQUE INDEX notes_id_user_id ON notes (id, user_id);
CREATE INDEX notes_deleted_at ON notes (deleted_at) WHERE deleted_at IS NOT NULL;

-- The picture of a note is its owner's: the key that refers to the note takes both along.
CREATE TABLE note_images (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL,
    note_id    TEXT      NOT NULL,
    media_type TEXT      NOT NULL,
    width      INTEGER   NOT NULL,
    height     INTEGER   NOT NULL,
    data       BYTEA     NOT NULL,
    FOREIGN KEY (note_id, user_id) REFERENCES notes (id, user_id) ON DELETE CASCADE
);
CREATE UNIQUE INDEX note_images_note_id ON note_images (note_id);
CREATE INDEX note_images_user_id ON note_images (user_id);

-- +goose Down
DROP TABLE note_images;
DROP TABLE notes;
