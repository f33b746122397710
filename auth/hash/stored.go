package hash

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/bcrypt"
)

// stored is the stored hash of one password, by whichever algorithm.
type stored interface {
	matches(password string) bool
	madeBy(cost Cost) bool // reports whether Hash would make such a hash now
}

// parse never returns a nil stored. With an error, and for an empty encoding,
// it is one that takes the usual work and matches nothing.
func (h *Hasher) parse(encoded string) (stored, error) {
	if encoded == "" {
		return unmatched(h.params.Cost), nil
	}
	hash, err := parse(encoded)
	if err != nil {
		return unmatched(h.params.Cost), err
	}
	return hash, nil
}

func parse(encoded string) (stored, error) {
	switch {
	case strings.HasPrefix(encoded, "$argon2id$"):
		return parseArgon2id(encoded)
	case strings.HasPrefix(encoded, "$2a$"), strings.HasPrefix(encoded, "$2b$"), strings.HasPrefix(encoded, "$2y$"):
		// Not $2x$: it marks hashes of a library that misread passwords outside
		// ASCII.
		return parseBcrypt(encoded)
	}
	return nil, errors.New("neither argon2id nor bcrypt")
}

type bcryptHash string

const (
	bcryptLength  = 60 // bytes of an encoded hash
	bcryptReads   = 72 // bytes of a password that bcrypt takes in
	maxBcryptCost = 14 // or a hostile import could take a core for hours
)

func parseBcrypt(encoded string) (stored, error) {
	cost, err := bcrypt.Cost([]byte(encoded))
	if err != nil {
		return nil, err
	}
	if len(encoded) != bcryptLength {
		return nil, fmt.Errorf("a bcrypt hash has %d bytes, this has %d", bcryptLength, len(encoded))
	}
	if cost > maxBcryptCost {
		return nil, fmt.Errorf("bcrypt cost %d is beyond %d", cost, maxBcryptCost)
	}
	return bcryptHash(encoded), nil
}

// matches does the work even if the answer is known, or the time would tell
// which passwords are too long.
func (h bcryptHash) matches(password string) bool {
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password))
	// bcrypt takes a longer password for its first 72 bytes (ASVS 6.2.8). It also
	// reads the password and a final zero byte round and round, and so takes
	// "a\x00a" for "a".
	whole := len(password) <= bcryptReads && !strings.Contains(password, "\x00")
	return err == nil && whole
}

func (h bcryptHash) madeBy(Cost) bool { return false }
