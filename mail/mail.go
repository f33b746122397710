// Package mail says what is sent to people and gets it to them: the messages, the outbox, SMTP and the development mailbox.
package mail

import (
	"errors"
	"fmt"
	netmail "net/mail"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is one mail to one user. Messages writes it. It has one link, that of
// its button, so that readers learn to look for one and distrust others: what
// else can be done is on the page behind it. Each message has a Preview.
type Message struct {
	Kind    string // the name of the method of Messages that made it: "confirm_address"
	To      string // a bare address
	Subject string
	HTML    string
	Text    string

	// Life is how long what the mail carries is of use, counted from when it
	// is queued: the life of its link. 0 means that the mail doesn't expire.
	Life time.Duration
	// Replaces means that the newest mail of this kind voids the links of those
	// before it to the same recipient: they are withdrawn while they wait.
	Replaces bool
	// Alert is what a security alert tells; nil for any other mail.
	Alert *Alert

	err error // why it could not be rendered; Enqueue reports it, so that callers check one error instead of two
}

const (
	maxAddress = 254 // bytes, RFC 5321 4.5.3.1.3 less the angle brackets
	maxSubject = 200 // bytes
	maxBody    = 256 << 10
)

// check refuses what could forge headers or recipients (ASVS 1.3.11) and what no mailbox takes. It repeats what the callers
// and go-mail do, because a line break that slips through here turns the application into somebody's spam relay.
func (m Message) check() error {
	if m.err != nil {
		return fmt.Errorf("rendering the message: %w", m.err)
	}
	if m.Kind == "" || m.HTML == "" || m.Text == "" {
		return errors.New("the message has no kind, HTML or text")
	}
	if len(m.HTML)+len(m.Text) > maxBody {
		return fmt.Errorf("the message is larger than %d bytes", maxBody)
	}
	if m.Subject == "" || len(m.Subject) > maxSubject || !oneLine(m.Subject) {
		return fmt.Errorf("the subject is not one line of 1 to %d bytes", maxSubject)
	}
	address, err := netmail.ParseAddress(m.To)
	if err != nil || address.Address != m.To || len(m.To) > maxAddress || !oneLine(m.To) || strings.ContainsAny(m.To, " ,;<>\"") {
		return errors.New("the recipient is not one bare address") // without repeating it: this error may be logged
	}
	return nil
}

// oneLine reports whether s is valid UTF-8 without control characters or Unicode's own line and paragraph separators.
func oneLine(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}
