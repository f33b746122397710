// Package seal keeps what has to be carried or stored, and read by this application alone.
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

// Keys seal with AES-256-GCM. What is sealed is the key's id (8 bytes), the nonce (12) and the ciphertext.
type Keys []key

type key struct {
	id   []byte
	aead cipher.AEAD
}

const keyIDSize = 8

// New derives a key from each secret (HKDF-SHA256, RFC 5869): the first seals, all open, so that secrets rotate. What is
// sealed for one purpose does not open for another.
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
			return nil, fmt.Errorf("make the cipher of the %s: %w", purpose, err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("make the cipher of the %s: %w", purpose, err)
		}
		keys = append(keys, key{derived[:keyIDSize], aead})
	}
	return keys, nil
}

// Seal seals plain to a place, such as a row's id: it does not open in another.
func (k Keys) Seal(place string, plain []byte) []byte {
	first := k[0]
	nonce := make([]byte, first.aead.NonceSize())
	rand.Read(nonce)
	sealed := append(append([]byte{}, first.id...), nonce...)
	return first.aead.Seal(sealed, nonce, plain, []byte(place))
}

// FirstID is what everything begins with that the first key has sealed.
func (k Keys) FirstID() []byte { return bytes.Clone(k[0].id) }

// ErrClosed is the answer to what was damaged, was sealed to another place, or with a key that is no longer in the list.
var ErrClosed = errors.New("it was damaged, or its SECRET_KEY is no longer in the list")

// Open returns what was sealed to the place.
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
