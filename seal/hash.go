package seal

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
)

// HashKeys are keys for hashing values that the database finds or compares but
// must not reveal. Without SECRET_KEY an attacker who has the database cannot
// test a guess against a hash (HMAC-SHA-256).
type HashKeys [][]byte

// NewHashKeys derives a key from each secret (HKDF-SHA256, RFC 5869). The first
// key makes new hashes; every key recognizes its own, so secrets can be
// rotated. Each purpose has its own keys.
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

// Sum returns the hash of text under the first key. The same text has a
// different hash in each place, such as a column.
func (k HashKeys) Sum(place, text string) []byte { return keyedHash(k[0], place, text) }

// All returns the hash of text under each key, so that a query also finds
// hashes made before the latest rotation.
func (k HashKeys) All(place, text string) [][]byte {
	hashes := make([][]byte, len(k))
	for i, key := range k {
		hashes[i] = keyedHash(key, place, text)
	}
	return hashes
}

// Match reports whether hash is the hash of text under any key. It compares in
// constant time.
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
