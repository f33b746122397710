package models

import (
	"context"
	"fmt"
	"sync"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models/scope"
)

// listPatience bounds how long one list may take, the wait for its turn included.
var listPatience = 5 * time.Second

// maxWaitingLists is how many lists of one user wait; further ones are refused at once.
const maxWaitingLists = 20

// ErrSlowList is returned for a list that is not there within listPatience. It is an ErrBusy.
var ErrSlowList = fmt.Errorf("%w: a list takes too long", ErrBusy)

// inTurn runs statements whose cost the request chooses, on a handle whose context ends after listPatience: SQLite and PostgreSQL
// alike are interrupted then. Of each user one such call runs at a time, and of all users as many as leave half of the connections to
// other pages. The error may be ErrSlowList or ErrBusy.
func inTurn(db *gorm.DB, run func(*gorm.DB) error) error {
	request := db.Statement.Context
	ctx, cancel := context.WithTimeout(request, listPatience)
	defer cancel()
	leave, err := db.ConnPool.(*pool).turns.enter(ctx, scope.Owner(db))
	if err == nil {
		defer leave()
		err = run(db.WithContext(ctx))
	}
	if err != nil && ctx.Err() != nil && request.Err() == nil {
		return ErrSlowList
	}
	return err
}

// turns lets a bounded number of calls run at once, and one of each user's.
type turns struct {
	places chan struct{}
	most   int // calls of one user that wait
	mu     sync.Mutex
	users  map[string]*userTurn // those with a call that runs or waits
}

type userTurn struct {
	place chan struct{}
	calls int
}

func newTurns(places, most int) *turns {
	return &turns{places: make(chan struct{}, places), most: most, users: map[string]*userTurn{}}
}

// enter waits for a place. The error is the context's, or ErrBusy if too many of the user's calls wait already. The user "" has no
// queue of their own.
func (t *turns) enter(ctx context.Context, user string) (leave func(), err error) {
	own, err := t.join(user)
	if err != nil {
		return nil, err
	}
	for taken, place := range []chan struct{}{own.place, t.places} {
		select {
		case place <- struct{}{}:
		case <-ctx.Done():
			if taken > 0 {
				<-own.place
			}
			t.part(user, own)
			return nil, ctx.Err()
		}
	}
	return func() {
		<-t.places
		<-own.place
		t.part(user, own)
	}, nil
}

func (t *turns) join(user string) (*userTurn, error) {
	if user == "" {
		return &userTurn{place: make(chan struct{}, 1)}, nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	own := t.users[user]
	if own == nil {
		own = &userTurn{place: make(chan struct{}, 1)}
		t.users[user] = own
	}
	if own.calls > t.most {
		return nil, ErrBusy
	}
	own.calls++
	return own, nil
}

func (t *turns) part(user string, own *userTurn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if own.calls--; own.calls <= 0 {
		delete(t.users, user)
	}
}
