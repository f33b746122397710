package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// occupy takes every slot until free is called.
func occupy(t *testing.T, h *Hasher) (free func()) {
	t.Helper()
	var leave []func()
	for range h.queue.slots {
		l, err := h.queue.enter(t.Context(), "")
		must(t, err)
		leave = append(leave, l)
	}
	return func() {
		for _, l := range leave {
			l()
		}
	}
}

func (h *Hasher) waiting() int {
	h.queue.mutex.Lock()
	defer h.queue.mutex.Unlock()
	return len(h.queue.lines[userLine]) + len(h.queue.lines[strangerLine])
}

func (h *Hasher) running() int {
	h.queue.mutex.Lock()
	defer h.queue.mutex.Unlock()
	return h.queue.running
}

// until waits for a state that another goroutine is about to reach.
func until(reached func() bool) {
	for !reached() {
		runtime.Gosched()
	}
}

// An attacker with a /48 of IPv6 has 65,536 networks of the size that one
// machine has, and a botnet has as many IPv4 addresses. Each client here is
// within its own limits, and all of them together fill the strangers' places.
func TestLogin_KnownDevicesAreServedWhileStrangersFillTheQueue(t *testing.T) {
	for name, address := range map[string]func(i int) string{
		"one /48": func(i int) string { return fmt.Sprintf("2001:db8:7:%x::1", i) },
		"botnet":  func(i int) string { return fmt.Sprintf("198.51.%d.7", i) },
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := opened(t, modelstest.Open(t))
			ada := added(t, a, "ada@example.com")
			known := Browser{Device: knownBrowser(t, a, ada)}
			a.hasher = NewHasher(1, 64)
			free := occupy(t, a.hasher)
			ctx, giveUp := context.WithCancel(t.Context())
			strangers := make(chan error)
			const clients = 90
			for i := range clients {
				go func() {
					_, err := a.Authenticate(ctx, fmt.Sprintf("person%d@example.com", i), "a password, a wrong one", Browser{},
						Client{IP: netip.MustParseAddr(address(i))})
					strangers <- err
				}()
			}
			for range clients - 64 {
				if err := <-strangers; !errors.Is(err, ErrBusy) {
					t.Errorf("a stranger beyond the queue: got %v, want ErrBusy", err)
				}
			}
			owner := make(chan error, 1)
			go func() {
				_, err := a.Authenticate(t.Context(), ada.Email, goodPassword, known, here)
				owner <- err
			}()
			until(func() bool { return a.hasher.waiting() == 65 || len(owner) > 0 })
			free()
			if err := <-owner; err != nil {
				t.Errorf("the owner on a known device: got %v, want a login", err)
			}
			giveUp()
			for range 64 {
				<-strangers
			}
		})
	}
}

// knownBrowser is the device token of a browser in which the user has logged in.
func knownBrowser(t *testing.T, a *Auth, user *models.User) string {
	t.Helper()
	entry, err := a.Login(t.Context(), user, ByPassword(false), Browser{}, here)
	must(t, err)
	return entry.Device
}

// Sessions have the same places: reauthentication and a change of password work
// while strangers fill the queue, and so does a mailed link to a new password.
func TestHashing_LoggedInUsersHavePlacesThatNoStrangerCanTake(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	ada := added(t, a, "ada@example.com")
	entry, err := a.Login(t.Context(), ada, ByPassword(false), Browser{}, here)
	must(t, err)
	viewer, err := a.Viewer(t.Context(), entry.Session, here)
	must(t, err)
	for name, verb := range map[string]func() error{
		"reauthentication": func() error { return second(a.Reauthenticate(t.Context(), viewer, "password", goodPassword, here)) },
		"password change": func() error {
			return a.reauthenticate(t.Context(), viewer, goodPassword, here)
		},
		"new password": func() error { return second(a.hasher.For(ada.ID).Hash(t.Context(), goodPassword)) },
	} {
		a.hasher = NewHasher(1, 3)
		free := occupy(t, a.hasher)
		ctx, giveUp := context.WithCancel(t.Context())
		strangers := make(chan error, 3)
		for range 3 {
			go func() { strangers <- a.hasher.VerifyNobody(ctx, "a password") }()
		}
		until(func() bool { return a.hasher.waiting() == 3 })
		answer := make(chan error, 1)
		go func() { answer <- verb() }()
		until(func() bool { return a.hasher.waiting() == 4 || len(answer) > 0 })
		giveUp()
		free()
		if err := <-answer; err != nil {
			t.Errorf("%s: got %v, want it to be done", name, err)
		}
	}
}

// A user waits for the hash that is under way and for no stranger's.
func TestHashQueue_ServesUsersFirst(t *testing.T) {
	h := NewHasher(1, 9)
	free := occupy(t, h)
	turns := make(chan string, 6)
	for i, user := range []string{"", "", "", "ada", "bob", ""} {
		go func() {
			if err := h.For(user).inTurn(t.Context(), func() { turns <- user }); err != nil {
				t.Error(err)
			}
		}()
		until(func() bool { return h.waiting() == i+1 })
	}
	free()
	var got []string
	for range 6 {
		got = append(got, <-turns)
	}
	if want := []string{"ada", "bob", "", "", "", ""}; !slices.Equal(got, want) {
		t.Errorf("got the turns %q, want %q", got, want)
	}
	until(func() bool { return h.running() == 0 })
	if len(h.queue.places) != 0 || h.waiting() != 0 {
		t.Errorf("got %v places and %d waiting afterwards, want none", h.queue.places, h.waiting())
	}
}

// One account with a known device must not fill the users' places.
func TestHashQueue_GivesEachUserTwoPlaces(t *testing.T) {
	h := NewHasher(1, 4)
	free := occupy(t, h)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 7)
	for i := range 6 { // two in the line of users, four in that of strangers
		go func() { done <- h.For("mallory").inTurn(ctx, func() {}) }()
		until(func() bool { return h.waiting() == i+1 })
	}
	if err := h.For("mallory").inTurn(ctx, func() {}); !errors.Is(err, ErrBusy) {
		t.Errorf("a seventh: got %v, want ErrBusy", err)
	}
	go func() { done <- h.For("ada").inTurn(t.Context(), func() {}) }()
	until(func() bool { return h.waiting() == 7 })
	stop()
	for range 6 {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("who stops waiting: got %v, want context.Canceled", err)
		}
	}
	free()
	if err := <-done; err != nil {
		t.Errorf("another user: got %v, want a turn", err)
	}
	until(func() bool { return h.running() == 0 })
	if len(h.queue.places) != 0 {
		t.Errorf("got the places %v afterwards, want none", h.queue.places)
	}
}

// A user with the right password can have it checked without end. On one slot,
// the user's two places must not take every turn.
func TestHashQueue_LetsStrangersThroughWhileAUserAsksWithoutEnd(t *testing.T) {
	h := NewHasher(1, 9)
	free := occupy(t, h)
	ctx, stop := context.WithCancel(t.Context())
	served, done := make(chan error, 1), make(chan struct{})
	turns := 0 // of the user, one at a time
	for range placesPerUser {
		go func() {
			defer func() { done <- struct{}{} }()
			for ctx.Err() == nil {
				_ = h.For("mallory").inTurn(ctx, func() {
					if turns++; turns == 1000 {
						stop()
					}
					until(func() bool { return h.waiting() == placesPerUser || ctx.Err() != nil })
				})
			}
		}()
	}
	until(func() bool { return h.waiting() == placesPerUser })
	go func() { served <- h.inTurn(ctx, stop) }()
	until(func() bool { return h.waiting() == placesPerUser+1 })
	free()
	err := <-served
	for range placesPerUser {
		<-done
	}
	if err != nil || turns > turnsInRow+1 {
		t.Errorf("a stranger after %d turns of one user: got %v, want a turn after %d", turns, err, turnsInRow)
	}
}
