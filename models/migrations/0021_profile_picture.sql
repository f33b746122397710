-- +goose Up
-- A person's picture, in two sizes. Another picture has another id.
CREATE TABLE profile_pictures (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    media_type TEXT      NOT NULL,
    small      BYTEA     NOT NULL,
    data       BYTEA     NOT NULL
);
CREATE UNIQUE INDEX profile_pictures_user_id ON profile_pictures (user_id);

-- +goose Down
DROP TABLE profile_pictures;
