-- +goose Up
-- What passkeys know of a person: the random handle that they carry, and whether to offer one.
CREATE TABLE passkey_owners (
    id           TEXT      NOT NULL PRIMARY KEY,
    user_id      TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    handle       BYTEA     NOT NULL,
    never_offer  BOOLEAN   NOT NULL,
    offer_after  TIMESTAMP,
    created_at   TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX passkey_owners_user_id ON passkey_owners (user_id);
CREATE UNIQUE INDEX passkey_owners_handle ON passkey_owners (handle);

CREATE TABLE passkeys (
    id              TEXT      NOT NULL PRIMARY KEY,
    user_id         TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_id   BYTEA     NOT NULL,
    public_key      BYTEA     NOT NULL,
    sign_count      BIGINT    NOT NULL,
    maker           TEXT      NOT NULL,
    transports      TEXT      NOT NULL,
    backup_eligible BOOLEAN   NOT NULL,
    backed_up       BOOLEAN   NOT NULL,
    name            TEXT      NOT NULL,
    created_at      TIMESTAMP NOT NULL,
    last_used_at    TIMESTAMP
);
CREATE UNIQUE INDEX passkeys_credential_id ON passkeys (credential_id);
CREATE INDEX passkeys_user_id ON passkeys (user_id);

-- A challenge belongs to a browser, a session or a sign-in, and to one purpose. It goes with its first answer.
CREATE TABLE passkey_challenges (
    id             TEXT      NOT NULL PRIMARY KEY,
    challenge_hash BYTEA     NOT NULL,
    purpose        TEXT      NOT NULL,
    bound_to       TEXT      NOT NULL,
    created_at     TIMESTAMP NOT NULL,
    expires_at     TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX passkey_challenges_challenge_hash ON passkey_challenges (challenge_hash);
CREATE INDEX passkey_challenges_bound_to ON passkey_challenges (bound_to);
CREATE INDEX passkey_challenges_expires_at ON passkey_challenges (expires_at);

-- +goose Down
DROP TABLE passkey_challenges;
DROP TABLE passkeys;
DROP TABLE passkey_owners;
