package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// HashKeys hash what the database has to find or compare and must not show:
// without SECRET_KEY an attacker cannot test a guess against a hash (HMAC-SHA-256).
type HashKeys [][]byte

// NewHashKeys derives a key from each secret (HKDF-SHA256, RFC 5869). The
// first makes new hashes and all recognize one, so that secrets rotate. Each
// purpose has keys of its own.
func NewHashKeys(secrets []string, purpose string) (HashKeys, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("the %s needs a secret key", purpose)
	}
	var keys HashKeys
	for _, secret := range secrets {
		key, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose+" 1", sha256.Size)
		if err != nil {
			return nil, fmt.Errorf("derive the key of the %s: %w", purpose, err)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// Sum returns the hash of text under the first key. A text that is hashed for
// two places has two hashes.
func (k HashKeys) Sum(place, text string) []byte { return keyedHash(k[0], place, text) }

// All returns the hash of text under each key, for a lookup that also finds
// what was stored before the latest rotation.
func (k HashKeys) All(place, text string) [][]byte {
	hashes := make([][]byte, len(k))
	for i, key := range k {
		hashes[i] = keyedHash(key, place, text)
	}
	return hashes
}

// Match reports whether hash is that of text under any of the keys. It takes
// the same time wherever they differ.
func (k HashKeys) Match(hash []byte, place, text string) bool {
	for _, want := range k.All(place, text) {
		if hmac.Equal(hash, want) {
			return true
		}
	}
	return false
}

func keyedHash(key []byte, place, text string) []byte {
	h := hmac.New(sha256.New, key)
	fmt.Fprintf(h, "%d:%s%s", len(place), place, text)
	return h.Sum(nil)
}
