-- +goose Up
CREATE TABLE write_probes (
    id         TEXT      NOT NULL PRIMARY KEY,
    probed_at TIMESTAMP NOT NULL
);

-- +goose Down
DROP TABLE write_probes;
