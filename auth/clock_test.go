package auth

import (
	"errors"
	"slices"
	"testing"
	"time"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

const year = 365 * 24 * time.Hour

// lived is an Auth with one user and something of everything that ends.
func lived(t *testing.T, a *Auth) (user *models.User, actor *Actor) {
	t.Helper()
	user = added(t, a, "ada@example.com")
	entry, err := a.Login(t.Context(), user, ByPassword(false), Browser{}, here)
	must(t, err)
	must(t, second(a.Login(t.Context(), user, ByPassword(true), Browser{}, here)))
	actor, err = a.FindActor(t.Context(), entry.Session, here)
	must(t, err)
	must(t, second(a.Register(t.Context(), "Bob", "bob@example.com", goodPassword, here)))
	must(t, a.ForgotPassword(t.Context(), user.Email, here))
	return user, actor
}

// timed are the tables whose rows end.
var timed = []string{"sessions", "known_devices", "registrations", "password_resets", "security_alerts", "users"}

func count(t *testing.T, a *Auth) map[string]int64 {
	t.Helper()
	rows := map[string]int64{}
	for _, table := range timed {
		var n int64
		must(t, a.db.Table(table).Count(&n).Error)
		rows[table] = n
	}
	return rows
}

// A clock that is wrong at one run of cleanup must take nothing with it.
func TestCleanup_OutlastsAClockThatIsWrongForOneRun(t *testing.T) {
	for name, wrong := range map[string]time.Duration{"ahead": 2 * year, "behind": -2 * year} {
		t.Run(name, func(t *testing.T) {
			a, ahead := opened(t, modelstest.Open(t))
			lived(t, a)
			before, sessions := count(t, a), times(t, a, "sessions", "expires_at")
			for _, clock := range []time.Duration{0, wrong, 0, 0} {
				*ahead = clock
				must(t, a.Cleanup(t.Context()))
			}
			if got := count(t, a); !equal(got, before) {
				t.Errorf("got %v, want %v", got, before)
			}
			if got := times(t, a, "sessions", "expires_at"); !slices.EqualFunc(got, sessions, time.Time.Equal) {
				t.Errorf("the ends of the sessions: got %v, want %v", got, sessions)
			}
		})
	}
}

func times(t *testing.T, a *Auth, table, column string) (all []time.Time) {
	t.Helper()
	must(t, models.Unscoped(a.db).Table(table).Where(column+" IS NOT NULL").Order("id").Pluck(column, &all).Error)
	return all
}

// What a clock writes that is a year ahead must not live for a year, nor lock
// the user out.
func TestCleanup_BoundsWhatAClockThatRanAheadHasWritten(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	*ahead = year
	_, actor := lived(t, a)
	*ahead = 0
	must(t, cleanup(t, a))
	for _, table := range models.SchemaOf(a.db) {
		for _, ahead := range table.Ahead {
			latest := a.now().Add(ahead.Duration(a.config) + models.ClockSlack)
			for _, got := range times(t, a, table.Name, ahead.Column) {
				if ahead.Where == "" && got.After(latest) {
					t.Errorf("%s.%s: got %s, want at most %s", table.Name, ahead.Column, got, latest)
				}
			}
		}
	}
	living := func() int {
		sessions, err := a.Sessions(t.Context(), actor)
		must(t, err)
		return len(sessions)
	}
	for _, step := range []struct {
		passes time.Duration
		want   int
	}{{0, 2}, {a.config.SessionIdle + time.Hour, 1}, {a.config.RememberMax, 0}} {
		if *ahead += step.passes; living() != step.want {
			t.Errorf("after %s: got %d sessions, want %d", *ahead, living(), step.want)
		}
	}
}

// ASVS 7.4.1, 7.4.3: what is ended while the clock is ahead stays ended.
func TestEndedSessions_StayEndedWhenTheClockComesBack(t *testing.T) {
	for _, jump := range []time.Duration{time.Hour, year} {
		t.Run(jump.String(), func(t *testing.T) {
			a, ahead := opened(t, modelstest.Open(t))
			user := added(t, a, "ada@example.com")
			stolen, err := a.Login(t.Context(), user, ByPassword(true), Browser{}, here)
			must(t, err)
			*ahead = jump
			own, err := a.Login(t.Context(), user, ByPassword(true), Browser{}, here)
			must(t, err)
			actor, err := a.FindActor(t.Context(), own.Session, here)
			must(t, err)
			must(t, a.EndOtherSessions(t.Context(), actor))
			for _, at := range []time.Duration{0, time.Minute} {
				*ahead = at
				if got, err := a.FindActor(t.Context(), stolen.Session, here); err != nil || got != nil {
					t.Errorf("%s after the clock came back: got %v (%v), want no session", at, got, err)
				}
				must(t, cleanup(t, a))
			}
		})
	}
}

// ASVS 7.5.1: a login in the future is no recent one.
func TestFresh_RefusesAProofOfTheFuture(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	*ahead = year
	_, actor := lived(t, a)
	*ahead = 0
	if err := a.RequireRecentLogin(t.Context(), actor); !errors.Is(err, ErrReauthRequired) {
		t.Errorf("got %v, want ErrProofDue", err)
	}
	*ahead = year - models.ClockSlack/2 // another server's clock
	if err := a.RequireRecentLogin(t.Context(), actor); err != nil {
		t.Errorf("a clock half a minute behind: got %v, want nil", err)
	}
}

func TestKeptForm_OfAClockThatRanAheadOpensNothing(t *testing.T) {
	a, ahead := opened(t, modelstest.Open(t))
	user := &models.User{ID: NewID()}
	*ahead = year
	sealed, err := a.KeepForm(user.ID, []byte("a=b"))
	must(t, err)
	for at, want := range map[time.Duration]bool{year: true, year + 2*time.Hour: false, 0: false} {
		*ahead = at
		if _, ok := a.KeptForm(user, sealed); ok != want {
			t.Errorf("at %s: got %v, want %v", at, ok, want)
		}
	}
}

// ASVS 6.3.5: an owner who was told in the future is not told of anything until then.
func TestHasEvent_OverlooksEventsOfTheFuture(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	user, now := added(t, a, "ada@example.com"), time.Now()
	for at, want := range map[time.Duration]bool{year: false, -time.Hour: true} {
		must(t, a.db.Create(&models.Event{ID: NewID(), At: now.Add(at), Name: EventLoginReported + at.String(), UserID: &user.ID, Detail: "{}"}).Error)
		got, err := models.HasEvent(a.db, user.ID, EventLoginReported+at.String(), now.Add(-reportEvery), now)
		if err != nil || got != want {
			t.Errorf("an event at %s: got %v (%v), want %v", at, got, err, want)
		}
	}
}

// A mail that was sent does not expire, and there may be a great many.
func TestCleanup_BoundsTheLifeOfMailThatWaits(t *testing.T) {
	a, _ := opened(t, modelstest.Open(t))
	now, end := a.now(), a.now().Add(year)
	for id, done := range map[string]*time.Time{"sent": &now, "waiting": nil} {
		must(t, a.db.Create(&models.OutboxMail{ID: id, Kind: "test", Payload: []byte{}, CreatedAt: now, RunAt: now, DoneAt: done, ExpiresAt: &end}).Error)
	}
	must(t, a.Cleanup(t.Context()))
	var mails []models.OutboxMail
	must(t, a.db.Order("id").Find(&mails).Error)
	if got := mails[0].ExpiresAt; !got.Equal(end) {
		t.Errorf("sent: got %v, want %v", got, end)
	}
	if got, latest := mails[1].ExpiresAt, a.now().Add(models.AlertLifetime); got.After(latest) {
		t.Errorf("waiting: got %v, want %v at most", got, latest)
	}
}
