-- +goose Up
-- A mailed link that has done its work, for as long as any link works: its holder clicks twice, or opens the mail once more, and is led on.
CREATE TABLE used_links (
    id         TEXT      NOT NULL PRIMARY KEY,
    kind       TEXT      NOT NULL,
    token_hash BYTEA     NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX used_links_token_hash ON used_links (token_hash);
CREATE INDEX used_links_expires_at ON used_links (expires_at);

-- +goose Down
DROP TABLE used_links;
