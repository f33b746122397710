// Package seal encrypts values that leave the server, or wait in the database,
// and that only this application may read.
package seal

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
)

// Keys encrypt with AES-256-GCM. A sealed value is the id of the key (8 bytes),
// the nonce (12 bytes), and the ciphertext.
type Keys []key

type key struct {
	id   []byte
	aead cipher.AEAD
}

const keyIDSize = 8

// New derives a key from each secret (HKDF-SHA256, RFC 5869). The first key
// seals and every key opens, so secrets can be rotated. A value sealed for one
// purpose does not open for another.
func New(secrets []string, purpose string) (Keys, error) {
	if len(secrets) == 0 {
		return nil, fmt.Errorf("the %s needs a secret key", purpose)
	}
	var keys Keys
	for _, secret := range secrets {
		derived, err := hkdf.Key(sha256.New, []byte(secret), nil, purpose+" 1", keyIDSize+32)
		if err != nil {
			return nil, fmt.Errorf("derive the key of the %s: %w", purpose, err)
		}
		block, err := aes.NewCipher(derived[keyIDSize:])
		if err != nil {
			return nil, fmt.Errorf("create the cipher of the %s: %w", purpose, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("create the cipher of the %s: %w", purpose, err)
		}
		keys = append(keys, key{derived[:keyIDSize], aead})
	}
	return keys, nil
}

// Seal encrypts plain and binds it to a place, such as a row's id. It does not
// open in another place.
func (k Keys) Seal(place string, plain []byte) []byte {
	first := k[0]
	nonce := make([]byte, first.aead.NonceSize())
	rand.Read(nonce)
	sealed := append(append([]byte{}, first.id...), nonce...)
	return first.aead.Seal(sealed, nonce, plain, []byte(place))
}

// FirstID returns the id of the first key, with which every value that it
// sealed begins.
func (k Keys) FirstID() []byte { return bytes.Clone(k[0].id) }

// ErrClosed is returned for a value that was damaged, sealed to another place,
// or sealed with a key that is no longer in the list.
var ErrClosed = errors.New("the sealed value is damaged, or its SECRET_KEY is no longer in the list")

// Open decrypts a value that was sealed to the place. It returns ErrClosed if
// it cannot.
func (k Keys) Open(place string, sealed []byte) ([]byte, error) {
	for _, key := range k {
		rest, found := bytes.CutPrefix(sealed, key.id)
		if !found || len(rest) < key.aead.NonceSize() {
			continue
		}
		nonce, ciphertext := rest[:key.aead.NonceSize()], rest[key.aead.NonceSize():]
		if plain, err := key.aead.Open(nil, nonce, ciphertext, []byte(place)); err == nil {
			return plain, nil
		}
	}
	return nil, ErrClosed
}
