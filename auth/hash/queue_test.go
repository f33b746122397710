package hash

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
)

// occupy takes every slot until free is called.
func occupy(t *testing.T, h *Hasher) (free func()) {
	t.Helper()
	var leave []func()
	for range h.queue.slots {
		l, err := h.queue.enter(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, l)
	}
	return func() {
		for _, l := range leave {
			l()
		}
	}
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

// A user waits for the hash that is under way and for no stranger's.
func TestQueue_ServesUsersFirst(t *testing.T) {
	h := New(Default, 1, 9)
	free := occupy(t, h)
	turns := make(chan string, 6)
	for i, user := range []string{"", "", "", "ada", "bob", ""} {
		go func() {
			if err := h.For(user).InTurn(t.Context(), func() { turns <- user }); err != nil {
				t.Error(err)
			}
		}()
		until(func() bool { return h.Waiting() == i+1 })
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
	if len(h.queue.places) != 0 || h.Waiting() != 0 {
		t.Errorf("got %v places and %d waiting afterwards, want none", h.queue.places, h.Waiting())
	}
}

// One account with a known device must not fill the users' places.
func TestQueue_GivesEachUserTwoPlaces(t *testing.T) {
	h := New(Default, 1, 4)
	free := occupy(t, h)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 7)
	for i := range 6 { // two in the line of users, four in that of strangers
		go func() { done <- h.For("mallory").InTurn(ctx, func() {}) }()
		until(func() bool { return h.Waiting() == i+1 })
	}
	if err := h.For("mallory").InTurn(ctx, func() {}); !errors.Is(err, ErrBusy) {
		t.Errorf("a seventh: got %v, want ErrBusy", err)
	}
	go func() { done <- h.For("ada").InTurn(t.Context(), func() {}) }()
	until(func() bool { return h.Waiting() == 7 })
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
func TestQueue_LetsStrangersThroughWhileAUserKeepsAsking(t *testing.T) {
	h := New(Default, 1, 9)
	free := occupy(t, h)
	ctx, stop := context.WithCancel(t.Context())
	served, done := make(chan error, 1), make(chan struct{})
	turns := 0 // of the user, one at a time
	for range placesPerUser {
		go func() {
			defer func() { done <- struct{}{} }()
			for ctx.Err() == nil {
				_ = h.For("mallory").InTurn(ctx, func() {
					if turns++; turns == 1000 {
						stop()
					}
					until(func() bool { return h.Waiting() == placesPerUser || ctx.Err() != nil })
				})
			}
		}()
	}
	until(func() bool { return h.Waiting() == placesPerUser })
	go func() { served <- h.InTurn(ctx, stop) }()
	until(func() bool { return h.Waiting() == placesPerUser+1 })
	free()
	err := <-served
	for range placesPerUser {
		<-done
	}
	if err != nil || turns > turnsInRow+1 {
		t.Errorf("a stranger after %d turns of one user: got %v, want a turn after %d", turns, err, turnsInRow)
	}
}
