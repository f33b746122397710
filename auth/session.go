package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// Actor and Client are those of package models, which needs them for queries.
type (
	Actor  = models.Actor
	Client = models.Client
)

// Browser is what the request's browser carried: tokens, "" for none.
type Browser struct {
	Session      string
	PendingLogin string
	Device       string

	Cookie func(name string) string // returns what a feature's cookie carries; nil if there are none
}

// Token returns what a feature's cookie carries, "" for nothing.
func (b Browser) Token(cookie string) string {
	if b.Cookie == nil {
		return ""
	}
	return b.Cookie(cookie)
}

// ErrChanged says that the account changed while somebody was proving to be its owner; they have to prove it again.
var ErrChanged = errors.New("the account changed in the meantime")

// seenEvery is how old LastSeenAt may be before it is written again.
const seenEvery = time.Minute

// FindActor returns the actor whose session has this token, or nil if there is
// none. It marks the session as seen at most once a minute, unless the database
// refuses the write.
func (a *Auth) FindActor(ctx context.Context, token string, client Client) (*Actor, error) {
	if token == "" {
		return nil, nil
	}
	now := a.now()
	actor, found, err := a.sessions.Find(ctx, HashToken(token), now, now.Add(-a.config.SessionIdle))
	if err != nil || !found {
		return nil, err
	}
	if session := &actor.Session; now.Sub(session.LastSeenAt) >= seenEvery && a.seen.mayTry(now) {
		session.LastSeenAt, session.IP = now, client.Address()
		a.seen.tell(ctx, a.log, now, a.markSeen(ctx, session, now))
	}
	actor.Permissions, actor.Client = permissionsOf(actor.Roles), client
	return &actor, nil
}

// markSeen writes when and where the session was seen. It gives up after a second: a page that only reads must not wait for a database
// that is busy with another write.
func (a *Auth) markSeen(ctx context.Context, session *models.Session, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	// The second condition lets one of several simultaneous requests write.
	return a.db.WithContext(ctx).Exec("UPDATE sessions SET last_seen_at = ?, ip = ? WHERE id = ? AND last_seen_at <= ?",
		now, session.IP, session.ID, now.Add(-seenEvery)).Error
}

// quietly is a write that may fail: on a full disk people can still read. After a failure it is left out for a while, which also keeps
// the log short.
type quietly struct{ resumes atomic.Int64 }

// quietFor is how long the write is left out.
const quietFor = 10 * time.Second

func (q *quietly) mayTry(now time.Time) bool { return now.UnixNano() >= q.resumes.Load() }

func (q *quietly) tell(ctx context.Context, log *slog.Logger, now time.Time, err error) {
	if err != nil && !errors.Is(err, context.Canceled) {
		q.resumes.Store(now.Add(quietFor).UnixNano())
		log.WarnContext(ctx, "sessions cannot be marked as seen; people stay logged in, and this is tried again in a while", "error", err)
	}
}

// startSession signs user in and returns the browser's new tokens: a fresh session token (ASVS 7.2.4), with whatever session the
// browser had before ended, and the device token that makes it a known device.
func (a *Auth) startSession(t *Tx, user *models.User, authn Authentication, browser Browser, client Client) (started Browser, err error) {
	if browser.Session != "" {
		if err := t.Where("token_hash = ?", HashToken(browser.Session)).Delete(&models.Session{}).Error; err != nil {
			return started, fmt.Errorf("end the browser's former session: %w", err)
		}
	}
	token, hash := NewToken()
	now := t.Now()
	session := models.Session{
		ID: NewID(), UserID: user.ID, TokenHash: hash, Method: authn.Method, AAL: authn.AAL(), Remember: authn.Remember,
		IP: client.Address(), Device: client.Device(), CreatedAt: now, AuthenticatedAt: cmp.Or(authn.at, now), LastSeenAt: now, ExpiresAt: now.Add(a.config.SessionMax),
	}
	if authn.Remember {
		session.ExpiresAt = now.Add(a.config.RememberMax)
	}
	if err := t.Create(&session).Error; err != nil {
		return started, fmt.Errorf("start a session: %w", err)
	}
	started.Session = token
	if err := a.boundSessions(t, &session, client); err != nil {
		return started, err
	}
	known, void, err := deviceOf(t.DB, user.ID, browser.Device)
	if err != nil {
		return started, err
	}
	if !known {
		if err := a.alertNewDevice(t, user, authn, client); err != nil {
			return started, err
		}
	}
	if void {
		browser.Device = "" // somebody else may have it as well
	}
	if started.Device, err = a.knowDevice(t, user.ID, browser.Device); err != nil {
		return started, err
	}
	if !known {
		if err := models.DeleteExcessDevices(t.DB, user.ID, HashToken(started.Device)); err != nil {
			return started, fmt.Errorf("forget excess devices: %w", err)
		}
	}
	return started, a.Record(t, EventSessionStarted, Subject{UserID: &user.ID, SessionID: session.ID, Client: client}, Detail{"method": authn.Method})
}

// MaxSessions is how many sessions a user has, with those that have ended and
// are kept for saved forms.
const MaxSessions = 100

// boundSessions deletes the user's sessions beyond MaxSessions, but not the one
// that has just begun, and records it if one of them was living.
func (a *Auth) boundSessions(t *Tx, begun *models.Session, client Client) error {
	idleSince := t.Now().Add(-a.config.SessionIdle)
	deleted, err := models.DeleteExcessSessions(t.DB, begun.UserID, begun.ID, MaxSessions, t.Now(), idleSince)
	if err != nil {
		return fmt.Errorf("delete excess sessions: %w", err)
	}
	deleted = slices.DeleteFunc(deleted, func(s models.Session) bool {
		return !s.ExpiresAt.After(t.Now()) || !s.Remember && !s.LastSeenAt.After(idleSince)
	})
	if len(deleted) == 0 {
		return nil
	}
	return a.Record(t, EventSessionEnded, Subject{UserID: &begun.UserID, SessionID: begun.ID, Client: client}, Detail{"ended": "excess", "count": fmt.Sprint(len(deleted))})
}

// deviceOf says what the browser with this device token, "" for none, is to the user, as models.DeviceOf does.
func deviceOf(db *gorm.DB, userID, token string) (known, void bool, err error) {
	if token == "" {
		return false, false, nil
	}
	if known, void, err = models.DeviceOf(db, userID, HashToken(token)); err != nil {
		return false, false, fmt.Errorf("look for the device: %w", err)
	}
	return known, void, nil
}

// knowDevice remembers the browser as one of the user's. One without a device token gets one.
func (a *Auth) knowDevice(t *Tx, userID, token string) (string, error) {
	if token == "" {
		token, _ = NewToken()
	}
	err := models.SaveKnownDevice(t.DB, models.KnownDevice{ID: NewID(), UserID: userID, TokenHash: HashToken(token), CreatedAt: t.Now(), LastSeenAt: t.Now()})
	if err != nil {
		return "", fmt.Errorf("remember the device: %w", err)
	}
	return token, nil
}

// knowOnly remembers a browser as the only one of the user's, by a new token: somebody else may have the one that it had.
func (a *Auth) knowOnly(t *Tx, userID string) (token string, err error) {
	if err := forgetDevices(t, userID); err != nil {
		return "", err
	}
	return a.knowDevice(t, userID, "")
}

func forgetDevices(t *Tx, userID string) error {
	if err := models.VoidDevices(t.DB, userID, t.Now()); err != nil {
		return fmt.Errorf("forget the known devices: %w", err)
	}
	return nil
}

// EndSession ends one of the user's sessions. The error is gorm.ErrRecordNotFound where the id is not one of theirs, ErrReauthRequired or ErrChanged.
func (a *Auth) EndSession(ctx context.Context, actor *Actor, id string) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		ended, err := a.endSessions(t, "id = ? AND user_id = ?", id, actor.User.ID)
		if err != nil {
			return err
		}
		if ended == 0 {
			return gorm.ErrRecordNotFound
		}
		if err := a.voidEmailChangeAskedIn(t, actor.User.ID, "session_id = ?", id); err != nil {
			return err
		}
		return a.Record(t, EventSessionEnded, SubjectOf(actor), Detail{"ended": id})
	})
}

// EndOtherSessions ends every session of the user's but the one that asks, every login that is not finished, and what other sessions have
// asked for, also those that have ended by themselves. The error may be ErrReauthRequired or ErrChanged.
func (a *Auth) EndOtherSessions(ctx context.Context, actor *Actor) error {
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	return a.InSession(ctx, actor, func(t *Tx, _ *models.User) error {
		if err := endPendingLogins(t, actor.User.ID, ""); err != nil {
			return err
		}
		if err := a.voidEmailChangeAskedIn(t, actor.User.ID, "session_id <> ?", actor.Session.ID); err != nil {
			return err
		}
		ended, err := a.endSessions(t, "user_id = ? AND id <> ?", actor.User.ID, actor.Session.ID)
		if err != nil {
			return err
		}
		if ended == 0 {
			return nil // the form can be sent again and again, and nothing was done
		}
		return a.Record(t, EventSessionEnded, SubjectOf(actor), Detail{"ended": "others", "count": fmt.Sprint(ended)})
	})
}

// endSessions ends the sessions that there are of those named, at once, and says how many that were. Their rows stay until they are
// swept: they tell for whom to keep what a device of theirs is about to send (see KeepForm).
func (a *Auth) endSessions(t *Tx, where string, args ...any) (int64, error) {
	living := t.Model(&models.Session{}).Where("expires_at > ?", t.Now()).Where(where, args...).Update("expires_at", longPast)
	if living.Error != nil {
		return 0, fmt.Errorf("end the sessions: %w", living.Error)
	}
	// A clock that runs ahead takes a living session for one that has ended.
	over := t.Model(&models.Session{}).Where("expires_at > ?", longPast).Where(where, args...).Update("expires_at", longPast)
	if over.Error != nil {
		return 0, fmt.Errorf("end the sessions that look ended: %w", over.Error)
	}
	return living.RowsAffected, nil
}

// Sessions lists the user's living sessions.
func (a *Auth) Sessions(ctx context.Context, actor *Actor) ([]models.Session, error) {
	now := a.now()
	sessions, err := models.SessionsOf(a.db.WithContext(ctx), &actor.User, now, now.Add(-a.config.SessionIdle))
	if err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	return sessions, nil
}
