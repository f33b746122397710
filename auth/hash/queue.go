package hash

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

// placesPerUser is how many of the users' places one user holds at once. More of
// the same user's passwords wait in the line of strangers.
const placesPerUser = 2

// turnsInRow is how many turns users have in a row while strangers wait. Without
// it, one user who keeps asking would keep all strangers from logging in.
const turnsInRow = 3

// queue lets callers hash passwords, a few at a time. Users, whom a known device
// or a session tells from strangers, wait in a line of their own, which has
// three turns of four. However many strangers come, from however many addresses,
// they take no user's place and at most every fourth turn (ASVS 2.4.1, 15.2.2).
type queue struct {
	slots int // hashes at once
	most  int // callers in each line

	mutex   sync.Mutex
	running int
	lines   [2][]chan struct{} // users, strangers; each channel is closed when its caller's turn comes
	places  map[string]int     // how many each user holds, waiting or running
	inRow   int                // turns of users in a row while strangers wait
}

const (
	userLine = iota
	strangerLine
)

// enter waits for the caller's turn and returns the function that ends it. user
// is "" for a stranger. The error is ErrBusy, at once, or the context's.
func (q *queue) enter(ctx context.Context, user string) (leave func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("hashing a password: %w", err)
	}
	turn, user, err := q.line(user)
	if err != nil {
		return nil, err
	}
	select {
	case <-turn:
	case <-ctx.Done():
		if q.giveUp(turn) {
			q.leave(user, false)
		} else {
			q.leave(user, true) // the turn came in this very moment
		}
		return nil, fmt.Errorf("waiting to hash a password: %w", ctx.Err())
	}
	return func() { q.leave(user, true) }, nil
}

// line gives the caller a slot, or a place in a line. as is the user who holds
// it, or "" if it is a stranger's.
func (q *queue) line(user string) (turn chan struct{}, as string, err error) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	line := userLine
	if user == "" || q.places[user] >= placesPerUser {
		user, line = "", strangerLine
	}
	turn = make(chan struct{})
	switch {
	case q.running < q.slots:
		q.running++
		close(turn)
	case len(q.lines[line]) >= q.most:
		return nil, "", ErrBusy
	default:
		q.lines[line] = append(q.lines[line], turn)
	}
	if user != "" {
		q.places[user]++
	}
	return turn, user, nil
}

// giveUp takes a caller out of the line. It reports false if the caller's turn
// has come already.
func (q *queue) giveUp(turn chan struct{}) bool {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	for i, line := range q.lines {
		if at := slices.Index(line, turn); at >= 0 {
			q.lines[i] = slices.Delete(line, at, at+1)
			return true
		}
	}
	return false
}

// leave gives up the caller's place, and its slot if its turn had come.
func (q *queue) leave(user string, ran bool) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if user != "" {
		if q.places[user]--; q.places[user] == 0 {
			delete(q.places, user)
		}
	}
	if !ran {
		return
	}
	next := q.next()
	if len(q.lines[next]) == 0 {
		q.running--
		return
	}
	close(q.lines[next][0])
	q.lines[next] = q.lines[next][1:]
}

// next returns the line that has the next turn. It is empty if both are.
func (q *queue) next() int {
	if len(q.lines[strangerLine]) == 0 {
		q.inRow = 0
		return userLine
	}
	if len(q.lines[userLine]) == 0 || q.inRow == turnsInRow {
		q.inRow = 0
		return strangerLine
	}
	q.inRow++
	return userLine
}
