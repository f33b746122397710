// Package hash hashes passwords and checks passwords against stored hashes, a
// few at a time.
package hash

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/gatehouse/auth/password"
	"example.com/gatehouse/models"
)

// ErrBusy is returned at once if the Hasher has no slot and no place in the
// queue left. It is a models.ErrBusy.
var ErrBusy = fmt.Errorf("%w: passwords to hash", models.ErrBusy)

// ErrUnreadable is returned for a stored hash in a format that the package does
// not read.
var ErrUnreadable = errors.New("the stored password hash cannot be read")

// Params say what hashing costs.
type Params struct {
	Cost Cost // of new hashes
	// Failure is the least time that VerifyEvenly takes to reject a password.
	Failure time.Duration
}

// Default is what the program uses. Its cost is OWASP's floor (ASVS 11.4.2 and
// appendix C), about 30 ms of a core. Its Failure is what bcrypt takes at cost
// 12, the most usual one, on a core half as fast as most.
var Default = Params{Cost{Memory: 19456, Passes: 2, Threads: 1}, 500 * time.Millisecond}

// Cheap is for tests that are about something else: hashes would take most of
// their time. A test fails if any other code uses it.
var Cheap = Params{Cost: Cost{Memory: 8, Passes: 1, Threads: 1}}

// Hasher turns passwords into hashes that may be stored, and checks passwords
// against them. It hashes only a few at a time: each hash takes 19 MiB and tens
// of milliseconds of a core by design, so 200 strangers at the login form would
// otherwise take gigabytes and every core (ASVS 15.2.2).
//
// New hashes are argon2id (ASVS 11.4.2) in the PHC string format. Hashes of
// bcrypt are read, never written. Both count against the same bound.
type Hasher struct {
	params Params
	queue  *queue
	user   string // whose passwords it hashes; "" for strangers
}

// New returns a Hasher that runs up to slots hashes at once, and lets up to
// waiting strangers and as many users wait. Fewer than one slot counts as one.
func New(params Params, slots, waiting int) *Hasher {
	return &Hasher{params: params, queue: &queue{slots: max(slots, 1), most: max(waiting, 0), places: map[string]int{}}}
}

// For returns the Hasher for a user's passwords, which wait in places that no
// stranger can take. user tells users apart; "" is a stranger.
func (h *Hasher) For(user string) *Hasher { return &Hasher{h.params, h.queue, user} }

// Hash returns the hash to store for a password. The password is normalized to
// NFC first (NIST SP 800-63B-4, 3.1.1.2) and used whole. Whether it is good
// enough is for password.Rules to say. The error is ErrBusy, or the context's.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	var encoded string
	err := h.InTurn(ctx, func() { encoded = newArgon2id(h.params.Cost, password).String() })
	return encoded, err
}

// Verify reports whether encoded was made from the password, and whether
// encoded should be replaced with a new Hash because it was made another way
// than Hash works now. A hash of argon2id is compared with the password in NFC,
// a hash of bcrypt with the password as sent, as the program saw it that wrote
// the hash.
//
// An encoding that is malformed, or asks for an absurd amount of work, matches
// nothing, and the error is an ErrUnreadable. An empty one, of an account
// without a password, matches nothing without an error. Both cost what a new
// hash costs. Other errors are ErrBusy and the context's.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (ok, rehash bool, err error) {
	ok, rehash, _, err = h.verify(ctx, password, encoded)
	return ok, rehash, err
}

// VerifyEvenly is Verify for strangers, whom the time of the answer must not
// tell whether there is a password and what made its hash (ASVS 6.3.8): an
// imported hash costs many times a new one until its owner logs in. To reject a
// password takes Params.Failure from when its turn came, unless the hash alone
// takes longer.
func (h *Hasher) VerifyEvenly(ctx context.Context, password, encoded string) (ok, rehash bool, err error) {
	ok, rehash, began, err := h.verify(ctx, password, encoded)
	if ok || began.IsZero() {
		return ok, rehash, err
	}
	select {
	case <-time.After(time.Until(began.Add(h.params.Failure))):
	case <-ctx.Done():
	}
	return ok, rehash, err
}

// VerifyUnknown does the work of VerifyEvenly for an address without an account.
func (h *Hasher) VerifyUnknown(ctx context.Context, password string) error {
	_, _, err := h.VerifyEvenly(ctx, password, "")
	return err
}

func (h *Hasher) verify(ctx context.Context, typed, encoded string) (ok, rehash bool, began time.Time, err error) {
	stored, malformed := h.parse(encoded)
	if len(typed) > 4*password.MaxBytes {
		// However its accents are written, no password is that long. Reading a
		// megabyte would hold the slot several times as long.
		stored, typed = unmatched(h.params.Cost), ""
	}
	err = h.InTurn(ctx, func() {
		began = time.Now()
		ok = stored.matches(typed)
	})
	if err != nil {
		return false, false, began, err
	}
	if malformed != nil {
		return false, false, began, fmt.Errorf("%w: %w", ErrUnreadable, malformed)
	}
	return ok, ok && !stored.madeBy(h.params.Cost), began, nil
}

// InTurn runs work once a slot is free. The error is ErrBusy or the context's,
// and then work has not run.
func (h *Hasher) InTurn(ctx context.Context, work func()) error {
	leave, err := h.queue.enter(ctx, h.user)
	if err != nil {
		return err
	}
	defer leave()
	work()
	return nil
}

// Waiting returns how many callers wait for a slot.
func (h *Hasher) Waiting() int {
	h.queue.mutex.Lock()
	defer h.queue.mutex.Unlock()
	return len(h.queue.lines[userLine]) + len(h.queue.lines[strangerLine])
}
