package apptest

import (
	"bytes"
	"sync"
	"sync/atomic"
	"time"
)

// Clock is the time that the application sees. It moves when the test moves it,
// and by a microsecond at every reading, so that no two readings are equal.
type Clock struct {
	start time.Time
	ahead atomic.Int64
}

// NewClock returns a clock that begins at start. An Option may set App.Clock.
func NewClock(start time.Time) *Clock { return &Clock{start: start} }

// Now returns the application's time.
func (c *Clock) Now() time.Time {
	return c.start.Add(time.Duration(c.ahead.Add(int64(time.Microsecond))))
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) { c.ahead.Add(int64(d)) }

// Log collects what the application logs.
type Log struct {
	mutex sync.Mutex
	text  bytes.Buffer
}

// Write adds to the log.
func (l *Log) Write(b []byte) (int, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.Write(b)
}

// String returns everything logged so far.
func (l *Log) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.text.String()
}
