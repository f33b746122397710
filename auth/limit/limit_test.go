package limit

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/models/scope"
)

var settings config.Config

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func attempts(max int) Counter {
	return Limit{Name: "attempts", Max: max, Window: time.Hour}.By("ada")
}

// PostgreSQL lets both begin before either is done.
func TestRefund_LeavesNothingOfTwoAtOnce(t *testing.T) {
	db, counter := modelstest.Open(t), attempts(9)
	for range 2 {
		_, _, err := counter.Attempt(db, settings, time.Now())
		must(t, err)
	}
	second := make(chan error)
	must(t, db.Transaction(func(tx *gorm.DB) error {
		must(t, counter.Refund(tx))
		go func() { second <- db.Transaction(counter.Refund) }()
		time.Sleep(100 * time.Millisecond) // for the second to come as far as it can
		return nil
	}))
	must(t, <-second)
	var left int64
	must(t, db.Model(&models.Limit{}).Count(&left).Error)
	if left != 0 {
		t.Errorf("got %d counts, want none", left)
	}
}

func TestRefund_ReopensWhatTheAttemptHadClosed(t *testing.T) {
	db, now, counter := modelstest.Open(t), time.Now(), attempts(2)
	attempt := func(want bool) {
		t.Helper()
		if _, allowed, err := counter.Attempt(db, settings, now); err != nil || allowed != want {
			t.Errorf("got allowed %v, %v, want %v", allowed, err, want)
		}
	}
	attempt(true)
	attempt(true)
	attempt(false)
	must(t, counter.Refund(db))
	attempt(true)
	attempt(false)
}

// checked fails the test for a statement that a database would refuse which has
// owned tables of these names.
type checked struct {
	logger.Interface
	t     *testing.T
	names *scope.Names
}

func (c checked) LogMode(logger.LogLevel) logger.Interface { return c }

func (c checked) Trace(ctx context.Context, _ time.Time, statement func() (string, int64), _ error) {
	text, _ := statement()
	if err := c.names.Check(ctx, text, nil); err != nil {
		c.t.Errorf("%s: %v", text, err)
	}
}

// A product may have tables of its own with the names of our columns.
func TestCounter_WorksNextToOwnedTablesWithItsColumnsNames(t *testing.T) {
	counter := attempts(3)
	check := checked{logger.Discard, t, scope.NewNames([]string{"hits"})}
	db := modelstest.Open(t).Session(&gorm.Session{Logger: check})
	for range 4 { // the last is refused
		_, _, err := counter.Attempt(db, settings, time.Now())
		must(t, err)
	}
	must(t, counter.Refund(db))
	row, allowed, err := counter.Attempt(db, settings, time.Now())
	if err != nil || !allowed || row.Attempts != 3 {
		t.Errorf("got allowed %v, %d attempts, %v, want 3", allowed, row.Attempts, err)
	}
	must(t, counter.Forget(db))
}

// Every limit that waits in another way.
var clockLimits = []Limit{
	{Name: "fixed", Max: 1, Window: time.Hour},
	{Name: "growing", Max: 1, Window: 24 * time.Hour, Backoff: Backoff{Max: time.Hour}},
	{Name: "growing to its end", Max: 1, Window: 24 * time.Hour, Backoff: Backoff{Max: time.Hour}, LockAfter: 2},
	{Name: "from the first", Max: 1, Window: 30 * 24 * time.Hour, FromFirst: true,
		Backoff: Backoff{Max: time.Hour}, LockAfter: 100},
}

// A clock that runs ahead for a minute, as after a wrong answer of a time
// server, must not close a limit for as long as it was ahead; nor one that comes
// back late.
func TestAttempt_ForgetsTheTimesOfAClockThatRanAhead(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	for _, l := range clockLimits {
		for _, ahead := range []time.Duration{2 * time.Hour, 365 * 24 * time.Hour} {
			counter := l.By(ahead.String())
			attempt := func(at time.Time) (models.Limit, bool) {
				t.Helper()
				row, allowed, err := counter.Attempt(db, settings, at)
				must(t, err)
				if wait := row.OpenAt.Sub(at); wait > l.Window+time.Minute {
					t.Errorf("%s, %s ahead: got a wait of %s, want at most %s", l.Name, ahead, wait, l.Window)
				}
				return row, allowed
			}
			attempt(now) // a count from before
			for range 20 {
				attempt(now.Add(ahead))
			}
			closed, allowed := attempt(now)
			if closing := closed.OpenAt.Sub(now); !allowed && closing > time.Hour {
				t.Errorf("%s, %s ahead: got closed for %s after the clock came back", l.Name, ahead, closing)
			}
			if ahead > l.Window && closed.Attempts != 1 {
				t.Errorf("%s, %s ahead: got a count of %d, want a new one", l.Name, ahead, closed.Attempts)
			}
		}
	}
}

// What counts again is closed again, also when the time comes that the clock
// was ahead to.
func TestAttempt_CountsOnAfterAClockCameBack(t *testing.T) {
	db, now, counter := modelstest.Open(t), time.Now(), attempts(2)
	const ahead = 1000 * time.Hour
	for i, step := range []struct {
		at   time.Duration
		want bool
	}{
		{ahead, true}, {ahead, true}, {ahead, false}, {0, true}, {0, true}, {0, false}, {ahead - time.Minute, true},
	} {
		if _, allowed, err := counter.Attempt(db, settings, now.Add(step.at)); err != nil || allowed != step.want {
			t.Errorf("attempt %d, at %s: got allowed %v (%v), want %v", i+1, step.at, allowed, err, step.want)
		}
	}
}

// Two servers whose clocks are a few seconds apart keep one count.
func TestAttempt_CountsTogetherWhereClocksDiffer(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	for _, l := range clockLimits {
		l.Max = 4
		for i, at := range []time.Duration{30 * time.Second, 0, 30 * time.Second, 0} {
			row, _, err := l.By("ada").Attempt(db, settings, now.Add(at))
			must(t, err)
			if row.Attempts != i+1 {
				t.Errorf("%s: got %d attempts after %d", l.Name, row.Attempts, i+1)
			}
		}
	}
}

func TestLimit_SaysWhatItAllows(t *testing.T) {
	for want, l := range map[string]Limit{
		"login-ip 100 per 15m":                 {Name: "login-ip", Max: 100, Window: 15 * time.Minute},
		"confirm 5, then waits of 1s to 1h":    {Name: "confirm", Max: 5, Window: 24 * time.Hour, Backoff: Backoff{Max: time.Hour}},
		"factor-known 100, then waits of 24h":  {Name: "factor-known", Max: 100, Backoff: Backoff{Min: 24 * time.Hour, Max: 24 * time.Hour}},
		"slow 1, then waits of 1m30s to 1h30m": {Name: "slow", Max: 1, Backoff: Backoff{Min: 90 * time.Second, Max: 90 * time.Minute}},
	} {
		if got := l.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// A counter knows the limit as it was declared, so what the settings say must
// reach each count, and each network its share of it.
func TestAttempt_GoesByTheSettings(t *testing.T) {
	db, now := modelstest.Open(t), time.Now()
	l := Limit{Name: "from settings", Window: time.Hour,
		Settings: func(l *Limit, c config.Config) { l.Max = c.MailsPerAddress }}
	for i, counter := range l.From(netip.MustParseAddr("2001:db8:1:2::7")) {
		want, got := 3*networks[i].times, 0
		for {
			_, allowed, err := counter.Attempt(db, config.Config{MailsPerAddress: 3}, now)
			must(t, err)
			if !allowed {
				break
			}
			got++
		}
		if got != want {
			t.Errorf("a /%d: got %d attempts, want %d", networks[i].bits, got, want)
		}
	}
}

func TestNetwork_IsWhatOneMachineHas(t *testing.T) {
	for ip, want := range map[string]string{
		"203.0.113.7": "203.0.113.7", "::ffff:203.0.113.7": "203.0.113.7",
		"2001:db8:1:2::7": "2001:db8:1:2::/64", "fe80::7%eth0": "fe80::/64",
	} {
		if got := Network(netip.MustParseAddr(ip)); got != want {
			t.Errorf("%s: got %s, want %s", ip, got, want)
		}
	}
}

func TestBy_KeepsKeysApartAndHidden(t *testing.T) {
	l := Limit{Name: "forgot-mail"}
	if l.By("ab", "c").id() == l.By("a", "bc").id() {
		t.Error("got one key for two that look alike only when joined")
	}
	if id := l.By("ada@example.com").id(); strings.Contains(id, "ada") {
		t.Errorf("got %s, want an id that does not show whom it counts", id)
	}
}
