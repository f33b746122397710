package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"

	"example.com/gatehouse/models"
)

// ErrBusy is returned at once when as many passwords are being hashed, and as many wait for it, as the Hasher allows.
// It is a models.ErrBusy, and answered as that.
var ErrBusy = fmt.Errorf("%w: passwords to hash", models.ErrBusy)

// ErrUnreadableHash is returned for a stored hash that no import can have meant.
var ErrUnreadableHash = errors.New("the stored password hash cannot be read")

// A Hasher turns passwords into what may be stored, and checks them against it. It hashes only a few at a time: each
// hash takes 19 MiB and tens of milliseconds of a core by design, so that two hundred strangers at the login form
// would otherwise take gigabytes and every core (ASVS 15.2.2).
//
// New hashes are argon2id (ASVS 11.4.2) in the PHC string format. Those of bcrypt are read, never written. All of it
// counts against the same bound.
type Hasher struct {
	queue *hashQueue
	user  string // for whom it hashes; "" for strangers
}

// NewHasher allows slots hashes at once, and queue strangers and as many users waiting for their turn; fewer than one
// slot counts as one.
func NewHasher(slots, queue int) *Hasher {
	return &Hasher{queue: &hashQueue{slots: max(slots, 1), most: max(queue, 0), places: map[string]int{}}}
}

// For returns the Hasher for a user's passwords, which wait in places that no
// stranger can take. user tells users apart; "" is a stranger.
func (h *Hasher) For(user string) *Hasher { return &Hasher{h.queue, user} }

// Hash returns what to store for a password, which is normalized to NFC first (NIST SP 800-63B-4, 3.1.1.2) and used
// whole. It does not judge the password: PasswordRules does. The error is ErrBusy, or the context's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var encoded string
	err := h.inTurn(ctx, func() { encoded = newArgon2id(password).String() })
	return encoded, err
}

// Verify says whether a password is the one that encoded was made of, and whether encoded should be replaced with a
// new Hash of that password because it is weaker, or merely other, than what Hash makes now. A hash of argon2id is
// compared with the password in NFC, a hash of bcrypt with the password as sent, as its writer saw it.
//
// An encoding that is not understood, or that asks for an absurd amount of work, matches nothing and is an ErrUnreadableHash; an
// empty one is an account without a password, matches nothing and is none. Both cost what a new hash does. Other errors are
// ErrBusy and the context's.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (ok, rehash bool, err error) {
	ok, rehash, _, err = h.verify(ctx, password, encoded)
	return ok, rehash, err
}

// VerifyEvenly is Verify for strangers, whom the time of the answer must not tell whether there is a password and what made its hash
// (ASVS 6.3.8): an imported hash costs many times a new one, until its owner logs in. A wrong answer takes wrongTakes from when its turn
// came, unless its hash alone takes longer.
func (h *Hasher) VerifyEvenly(ctx context.Context, password, encoded string) (ok, rehash bool, err error) {
	ok, rehash, began, err := h.verify(ctx, password, encoded)
	if ok || began.IsZero() {
		return ok, rehash, err
	}
	select {
	case <-time.After(time.Until(began.Add(wrongTakes))):
	case <-ctx.Done():
	}
	return ok, rehash, err
}

// wrongTakes is what bcrypt takes at cost 12, the usual one of today, on a core that is no more than half as fast as most.
var wrongTakes = 500 * time.Millisecond

func (h *Hasher) verify(ctx context.Context, password, encoded string) (ok, rehash bool, began time.Time, err error) {
	stored, malformed := parseHash(encoded)
	if len(password) > 4*maxPasswordBytes {
		// No password is that long, however its accents are written. Reading a megabyte of it would hold the slot several times as long.
		stored, password = nobody(), ""
	}
	err = h.inTurn(ctx, func() {
		began = time.Now()
		ok = stored.matches(password)
	})
	if err != nil {
		return false, false, began, err
	}
	if malformed != nil {
		return false, false, began, fmt.Errorf("%w: %w", ErrUnreadableHash, malformed)
	}
	return ok, ok && !stored.current(), began, nil
}

// VerifyNobody does the work of VerifyEvenly for an address that nobody has. There is nothing to match.
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	_, _, err := h.VerifyEvenly(ctx, password, "")
	return err
}

// inTurn runs work when a slot is free, or not at all.
func (h *Hasher) inTurn(ctx context.Context, work func()) error {
	leave, err := h.queue.enter(ctx, h.user)
	if err != nil {
		return err
	}
	defer leave()
	work()
	return nil
}

// storedHash is one stored password, of whichever algorithm.
type storedHash interface {
	String() string
	matches(password string) bool
	current() bool // is what Hash would make now
}

// parseHash never returns a nil storedHash: with an error, or for no password at all, it is one that takes the usual
// work and matches nothing.
func parseHash(encoded string) (storedHash, error) {
	switch {
	case encoded == "":
		return nobody(), nil
	case strings.HasPrefix(encoded, "$argon2id$"):
		hash, err := parseArgon2id(encoded)
		if err != nil {
			return nobody(), err
		}
		return hash, nil
	case strings.HasPrefix(encoded, "$2a$"), strings.HasPrefix(encoded, "$2b$"), strings.HasPrefix(encoded, "$2y$"):
		// Not $2x$: it marks hashes of a library that got passwords outside ASCII wrong.
		cost, err := bcrypt.Cost([]byte(encoded))
		if err != nil {
			return nobody(), err
		}
		if len(encoded) != bcryptLength {
			return nobody(), fmt.Errorf("a bcrypt hash has %d bytes, this has %d", bcryptLength, len(encoded))
		}
		if cost > maxBcryptCost {
			return nobody(), fmt.Errorf("bcrypt cost %d is beyond %d", cost, maxBcryptCost)
		}
		return bcryptHash(encoded), nil
	}
	return nobody(), errors.New("neither argon2id nor bcrypt")
}

// argon2Cost is the work of one argon2id hash: memory in KiB, passes over it, and threads.
type argon2Cost struct {
	memory, passes uint32
	threads        uint8
}

// currentCost is OWASP's floor (ASVS 11.4.2 and its appendix C): 19 MiB, two passes, one thread, about 30 ms of a core.
var currentCost = argon2Cost{memory: 19456, passes: 2, threads: 1}

// HashCheaply makes hashes from now on at next to no cost, for tests that are about something else: most of their time would go
// into hashes. That nothing but tests calls it is a law.
func HashCheaply() { currentCost, wrongTakes = argon2Cost{memory: 8, passes: 1, threads: 1}, 0 }

const (
	saltBytes = 16 // NIST SP 800-63B-4 asks for 4 at the least
	keyBytes  = 32
)

// What a stored hash may ask for at most, because a hostile import could otherwise take all memory or a core for hours
// at one login: libsodium's MODERATE (256 MiB, three passes) is still read.
const (
	maxArgon2Memory  = 256 << 10 // KiB
	maxArgon2Work    = 1 << 20   // KiB, over all passes
	maxArgon2Threads = 16
	maxBcryptCost    = 14
)

func (c argon2Cost) key(password, salt []byte, length uint32) []byte {
	return argon2.IDKey(password, salt, c.passes, c.memory, c.threads, length)
}

func (c argon2Cost) check() error {
	switch {
	case c.threads < 1, c.threads > maxArgon2Threads:
		return fmt.Errorf("argon2id with %d threads, beyond 1 to %d", c.threads, maxArgon2Threads)
	case c.memory < 8*uint32(c.threads), c.memory > maxArgon2Memory:
		return fmt.Errorf("argon2id with %d KiB, beyond %d to %d", c.memory, 8*uint32(c.threads), maxArgon2Memory)
	case c.passes < 1, uint64(c.passes)*uint64(c.memory) > maxArgon2Work:
		return fmt.Errorf("argon2id with %d passes over %d KiB, beyond %d KiB in all", c.passes, c.memory, maxArgon2Work)
	}
	return nil
}

type argon2idHash struct {
	cost      argon2Cost
	salt, key []byte
}

// nobody is the hash of no password: a key of 32 zeros comes from none that could be found.
func nobody() argon2idHash {
	return argon2idHash{currentCost, make([]byte, saltBytes), make([]byte, keyBytes)}
}

func newArgon2id(password string) argon2idHash {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails: the program ends instead
	return argon2idHash{currentCost, salt, currentCost.key([]byte(NormalizePassword(password)), salt, keyBytes)}
}

func (h argon2idHash) matches(password string) bool {
	key := h.cost.key([]byte(NormalizePassword(password)), h.salt, uint32(len(h.key)))
	return subtle.ConstantTimeCompare(key, h.key) == 1
}

func (h argon2idHash) current() bool {
	return h.cost == currentCost && len(h.salt) == saltBytes && len(h.key) == keyBytes
}

// String is the PHC string format, https://github.com/P-H-C/phc-string-format.
func (h argon2idHash) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.memory, h.cost.passes, h.cost.threads,
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
	cost, err := parseArgon2Cost(parts[3])
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

func parseArgon2Cost(part string) (argon2Cost, error) {
	settings := strings.Split(part, ",")
	if len(settings) != 3 {
		return argon2Cost{}, errors.New("argon2id without exactly m, t and p")
	}
	var numbers [3]uint32
	for i, name := range []string{"m=", "t=", "p="} {
		digits, found := strings.CutPrefix(settings[i], name)
		number, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil {
			return argon2Cost{}, fmt.Errorf("argon2id without a number at %q", name)
		}
		numbers[i] = uint32(number)
	}
	if numbers[2] > maxArgon2Threads { // before it is cut down to eight bits
		return argon2Cost{}, fmt.Errorf("argon2id with %d threads, beyond %d", numbers[2], maxArgon2Threads)
	}
	cost := argon2Cost{numbers[0], numbers[1], uint8(numbers[2])}
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

type bcryptHash string

const (
	bcryptLength = 60 // bytes of an encoded hash
	bcryptReads  = 72 // bytes of a password that bcrypt takes in
)

// matches does the work even where the answer is known, or the delay would tell which passwords are too long.
func (h bcryptHash) matches(password string) bool {
	err := bcrypt.CompareHashAndPassword([]byte(h), []byte(password))
	// bcrypt takes a longer password for its first 72 bytes (ASVS 6.2.8), and, because it reads the password and a
	// final zero byte round and round, "a\x00a" for "a".
	whole := len(password) <= bcryptReads && !strings.Contains(password, "\x00")
	return err == nil && whole
}

func (h bcryptHash) current() bool { return false }

func (h bcryptHash) String() string { return string(h) }
