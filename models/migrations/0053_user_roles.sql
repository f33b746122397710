-- +goose Up
-- A role that the operator has granted to a user. What it permits is in the code.
CREATE TABLE user_roles (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role       TEXT      NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX user_roles_user_id_role ON user_roles (user_id, role);
CREATE INDEX users_created_at ON users (created_at);

-- +goose Down
DROP INDEX users_created_at;
DROP TABLE user_roles;
