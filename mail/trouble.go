package mail

import (
	"sync"
	"time"
)

// Trouble is what keeps this process from sending mail until the operator fixes
// it. It is over with the first mail that the server takes.
type Trouble struct {
	What  string // in words that are safe to log and show
	Since time.Time
}

type trouble struct {
	mutex sync.Mutex
	now   *Trouble
}

func (t *trouble) set(what string, at time.Time) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if t.now != nil {
		at = t.now.Since
	}
	t.now = &Trouble{What: what, Since: at}
}

func (t *trouble) clear() {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.now = nil
}

// Trouble returns what keeps mail from being sent; nil for nothing.
func (o *Outbox) Trouble() *Trouble {
	o.trouble.mutex.Lock()
	defer o.trouble.mutex.Unlock()
	return o.trouble.now
}
