package auth

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"runtime"
	"sync"
	"testing"

	"example.com/gatehouse/auth/hash"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// occupy takes the only slot of a Hasher until free is called.
func occupy(t *testing.T, h *hash.Hasher) (free func()) {
	t.Helper()
	taken, freed, done := make(chan bool), make(chan bool), make(chan error)
	go func() {
		done <- h.InTurn(context.WithoutCancel(t.Context()), func() {
			close(taken)
			<-freed
		})
	}()
	<-taken
	free = sync.OnceFunc(func() {
		close(freed)
		must(t, <-done)
	})
	t.Cleanup(free)
	return free
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
			a.hasher = hash.New(hash.Cheap, 1, 64)
			free := occupy(t, a.hasher)
			ctx, giveUp := context.WithCancel(t.Context())
			strangers := make(chan error)
			const clients = 90
			for i := range clients {
				go func() {
					email, client := fmt.Sprintf("person%d@example.com", i), Client{IP: netip.MustParseAddr(address(i))}
					_, err := a.Authenticate(ctx, email, "a password, a wrong one", Browser{}, client)
					strangers <- err
				}()
			}
			for range clients - 64 {
				if err := <-strangers; !errors.Is(err, hash.ErrBusy) {
					t.Errorf("a stranger beyond the queue: got %v, want ErrBusy", err)
				}
			}
			owner := make(chan error, 1)
			go func() {
				_, err := a.Authenticate(t.Context(), ada.Email, goodPassword, known, here)
				owner <- err
			}()
			until(func() bool { return a.hasher.Waiting() == 65 || len(owner) > 0 })
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
	actor, err := a.FindActor(t.Context(), entry.Session, here)
	must(t, err)
	for name, verb := range map[string]func() error{
		"reauthentication": func() error {
			return second(a.Reauthenticate(t.Context(), actor, "password", goodPassword))
		},
		"password change": func() error {
			return a.reauthenticate(t.Context(), actor, goodPassword)
		},
		"new password": func() error { return second(a.hasher.For(ada.ID).Hash(t.Context(), goodPassword)) },
	} {
		a.hasher = hash.New(hash.Cheap, 1, 3)
		free := occupy(t, a.hasher)
		ctx, giveUp := context.WithCancel(t.Context())
		strangers := make(chan error, 3)
		for range 3 {
			go func() { strangers <- a.hasher.VerifyUnknown(ctx, "a password") }()
		}
		until(func() bool { return a.hasher.Waiting() == 3 })
		answer := make(chan error, 1)
		go func() { answer <- verb() }()
		until(func() bool { return a.hasher.Waiting() == 4 || len(answer) > 0 })
		giveUp()
		free()
		if err := <-answer; err != nil {
			t.Errorf("%s: got %v, want it to be done", name, err)
		}
	}
}
