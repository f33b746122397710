package mail

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// A payload is what the outbox keeps sealed. Decoy is a number, since true and false differ in length and the length of
// what is sealed can be seen.
type payload struct {
	Decoy     int       `json:"decoy"`
	MessageID string    `json:"message_id"` // made once, so that a resend is the same mail
	Date      time.Time `json:"date"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	HTML      string    `json:"html"`
	Text      string    `json:"text"`
}

// keyring seals payloads with AES-256-GCM, so that whoever reads the database or a backup of it finds neither addresses nor
// live tokens. A sealed payload is the key's id (8 bytes), the nonce (12) and the ciphertext; the row's id is additional data,
// so that a payload cannot be moved to another row.
type keyring []key

type key struct {
	id   []byte
	aead cipher.AEAD
}

const keyIDSize = 8

// newKeyring derives a key from each secret (HKDF-SHA256, RFC 5869): the first seals, all open, so that secrets rotate.
func newKeyring(secrets []string) (keyring, error) {
	if len(secrets) == 0 {
		return nil, errors.New("the outbox needs a secret key")
	}
	var ring keyring
	for _, secret := range secrets {
		derived, err := hkdf.Key(sha256.New, []byte(secret), nil, "gatehouse outbox 1", keyIDSize+32)
		if err != nil {
			return nil, fmt.Errorf("deriving the outbox key: %w", err)
		}
		block, err := aes.NewCipher(derived[keyIDSize:])
		if err != nil {
			return nil, fmt.Errorf("making the outbox cipher: %w", err)
		}
		aead, err := cipher.NewGCM(block)
		if err != nil {
			return nil, fmt.Errorf("making the outbox cipher: %w", err)
		}
		ring = append(ring, key{derived[:keyIDSize], aead})
	}
	return ring, nil
}

func (ring keyring) seal(rowID string, p payload) ([]byte, error) {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		return nil, fmt.Errorf("encoding the mail: %w", err)
	}
	first := ring[0]
	nonce := make([]byte, first.aead.NonceSize())
	rand.Read(nonce)
	sealed := append(append([]byte{}, first.id...), nonce...)
	return first.aead.Seal(sealed, nonce, plain.Bytes(), []byte(rowID)), nil
}

var errSealed = errors.New("the payload cannot be opened: it was damaged, or its SECRET_KEY is no longer in the list")

func (ring keyring) open(rowID string, sealed []byte) (payload, error) {
	for _, k := range ring {
		rest, found := bytes.CutPrefix(sealed, k.id)
		if !found || len(rest) < k.aead.NonceSize() {
			continue
		}
		nonce, ciphertext := rest[:k.aead.NonceSize()], rest[k.aead.NonceSize():]
		plain, err := k.aead.Open(nil, nonce, ciphertext, []byte(rowID))
		if err != nil {
			continue
		}
		var p payload
		if err := json.Unmarshal(plain, &p); err != nil {
			return payload{}, errSealed
		}
		return p, nil
	}
	return payload{}, errSealed
}
