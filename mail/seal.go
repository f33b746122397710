package mail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"example.com/gatehouse/seal"
)

// A payload is what the outbox keeps sealed, so that whoever reads the database or a backup of it finds neither addresses nor
// live tokens. Decoy is a number, since true and false differ in length and the length of what is sealed can be seen.
type payload struct {
	Decoy     int       `json:"decoy"`
	MessageID string    `json:"message_id"` // made once, so that a resend is the same mail
	Date      time.Time `json:"date"`
	To        string    `json:"to"`
	Subject   string    `json:"subject"`
	HTML      string    `json:"html"`
	Text      string    `json:"text"`
}

// sealPayload seals p to its row, so that it cannot be moved to another.
func sealPayload(keys seal.Keys, rowID string, p payload) ([]byte, error) {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(p); err != nil {
		return nil, fmt.Errorf("encoding the mail: %w", err)
	}
	return keys.Seal(rowID, plain.Bytes()), nil
}

func openPayload(keys seal.Keys, rowID string, sealed []byte) (p payload, err error) {
	plain, err := keys.Open(rowID, sealed)
	if err != nil {
		return payload{}, fmt.Errorf("the payload cannot be opened: %w", err)
	}
	if json.Unmarshal(plain, &p) != nil {
		return payload{}, fmt.Errorf("the payload cannot be opened: %w", seal.ErrClosed)
	}
	return p, nil
}
