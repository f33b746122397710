package hash

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"

	"example.com/gatehouse/auth/password"
)

// Cost is the work of one argon2id hash.
type Cost struct {
	Memory  uint32 // KiB
	Passes  uint32 // over the memory
	Threads uint8
}

const (
	saltBytes = 16 // NIST SP 800-63B-4 asks for at least 4
	keyBytes  = 32
)

// The most that a stored hash may ask for. A hostile import could otherwise
// take all memory, or a core for hours, at one login. libsodium's MODERATE
// (256 MiB, three passes) is still read.
const (
	maxArgon2Memory  = 256 << 10 // KiB
	maxArgon2Work    = 1 << 20   // KiB, over all passes
	maxArgon2Threads = 16
)

func (c Cost) key(typed string, salt []byte, length uint32) []byte {
	return argon2.IDKey([]byte(password.Normalize(typed)), salt, c.Passes, c.Memory, c.Threads, length)
}

func (c Cost) check() error {
	switch {
	case c.Threads < 1, c.Threads > maxArgon2Threads:
		return fmt.Errorf("argon2id with %d threads, beyond 1 to %d", c.Threads, maxArgon2Threads)
	case c.Memory < 8*uint32(c.Threads), c.Memory > maxArgon2Memory:
		return fmt.Errorf("argon2id with %d KiB, beyond %d to %d", c.Memory, 8*uint32(c.Threads), maxArgon2Memory)
	case c.Passes < 1, uint64(c.Passes)*uint64(c.Memory) > maxArgon2Work:
		return fmt.Errorf("argon2id with %d passes over %d KiB, beyond %d KiB in all",
			c.Passes, c.Memory, maxArgon2Work)
	}
	return nil
}

type argon2idHash struct {
	cost      Cost
	salt, key []byte
}

// unmatched returns a hash that no password has: nobody can find one whose key
// is 32 zeros.
func unmatched(cost Cost) argon2idHash {
	return argon2idHash{cost, make([]byte, saltBytes), make([]byte, keyBytes)}
}

func newArgon2id(cost Cost, typed string) argon2idHash {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: the program ends instead
	return argon2idHash{cost, salt, cost.key(typed, salt, keyBytes)}
}

func (h argon2idHash) matches(typed string) bool {
	return subtle.ConstantTimeCompare(h.cost.key(typed, h.salt, uint32(len(h.key))), h.key) == 1
}

func (h argon2idHash) madeBy(cost Cost) bool {
	return h.cost == cost && len(h.salt) == saltBytes && len(h.key) == keyBytes
}

// String returns the hash in the PHC string format,
// https://github.com/P-H-C/phc-string-format.
func (h argon2idHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s",
		argon2.Version, h.cost.Memory, h.cost.Passes, h.cost.Threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.key))
}

func parseArgon2id(encoded string) (argon2idHash, error) {
	parts := strings.Split(encoded, "$")
	if len(parts) != 6 {
		return argon2idHash{}, errors.New("argon2id without its five parts")
	}
	if parts[2] != "v=19" {
		return argon2idHash{}, errors.New("argon2id of another version than 19")
	}
	cost, err := parseCost(parts[3])
	if err != nil {
		return argon2idHash{}, err
	}
	salt, err := decodePart("salt", parts[4], 8, 64)
	if err != nil {
		return argon2idHash{}, err
	}
	key, err := decodePart("key", parts[5], 16, 64)
	if err != nil {
		return argon2idHash{}, err
	}
	hash := argon2idHash{cost, salt, key}
	if hash.String() != encoded { // leading zeros, line breaks, stray bits
		return argon2idHash{}, errors.New("argon2id in other than its one spelling")
	}
	return hash, nil
}

func parseCost(part string) (Cost, error) {
	settings := strings.Split(part, ",")
	if len(settings) != 3 {
		return Cost{}, errors.New("argon2id without exactly m, t and p")
	}
	var numbers [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, found := strings.CutPrefix(settings[i], name)
		number, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil {
			return Cost{}, fmt.Errorf("argon2id without a number at %q", name)
		}
		numbers[i] = uint32(number)
	}
	if numbers[2] > maxArgon2Threads { // before it is cut down to eight bits
		return Cost{}, fmt.Errorf("argon2id with %d threads, beyond %d", numbers[2], maxArgon2Threads)
	}
	cost := Cost{numbers[0], numbers[1], uint8(numbers[2])}
	return cost, cost.check()
}

func decodePart(name, part string, least, most int) ([]byte, error) {
	decoded, err := base64.RawStdEncoding.DecodeString(part)
	if err != nil {
		return nil, fmt.Errorf("decoding the %s of argon2id: %w", name, err)
	}
	if len(decoded) < least || len(decoded) > most {
		return nil, fmt.Errorf("argon2id with a %s of %d bytes, beyond %d to %d", name, len(decoded), least, most)
	}
	return decoded, nil
}
