package auth

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"time"

	"example.com/gatehouse/models"
)

// The names of the security log (ASVS 16.3.1 to 16.3.3).
const (
	EventRegistrationRequested  = "registration.requested"
	EventRegistrationCorrected  = "registration.corrected"
	EventRegistrationResent     = "registration.resent"
	EventEmailConfirmed         = "email.confirmed"
	EventConfirmationFailed     = "email.confirmation_failed"
	EventLoginFailed            = "login.failed"
	EventLoginBegun             = "login.begun"
	EventLoginContinued         = "login.continued"
	EventLoginRefused           = "login.refused"
	EventLoginReported          = "login.reported" // to the owner, by mail
	EventSessionStarted         = "session.started"
	EventSessionEnded           = "session.ended"
	EventReauthenticated        = "session.reauthenticated"
	EventFactorFailed           = "factor.failed"
	EventPasswordResetRequested = "password.reset_requested"
	EventPasswordReset          = "password.reset"
	EventPasswordResetFailed    = "password.reset_failed"
	EventPasswordChanged        = "password.changed"
	EventPasswordChangeFailed   = "password.change_failed"
	EventPasswordExpired        = "password.expired"
	EventCompromiseReported     = "account.compromise_reported"
	EventNameChanged            = "account.renamed"
	EventLimitReached           = "limit.reached"
	EventAccessDenied           = "access.denied"
	EventOriginRefused          = "origin.refused"
)

// Subject is the user, session and client of an event.
type Subject struct {
	UserID    *string // nil if the event belongs to no user
	SessionID string  // "" without a session
	Client    Client  // zero for the server itself
}

// SubjectOf returns the subject of what a logged-in user does.
func SubjectOf(actor *Actor) Subject {
	return Subject{UserID: &actor.User.ID, SessionID: actor.Session.ID, Client: actor.Client}
}

// Detail is what else is known of an event. It never holds a secret, nor what a person typed: passwords are typed into
// the wrong field every day.
type Detail map[string]string

// Record writes an event to the security log in the transaction of what it
// tells of. Every change of credentials, every login and every failed attempt
// must be recorded. subject.UserID decides whose activity page shows it.
func (a *Auth) Record(t *Tx, name string, subject Subject, detail Detail) error {
	return a.write(t, newEvent(t.Now(), name, subject, detail))
}

func (a *Auth) write(t *Tx, e models.Event) error {
	if err := t.Create(&e).Error; err != nil {
		return fmt.Errorf("write the event %s: %w", e.Name, err)
	}
	t.events = append(t.events, e)
	return nil
}

// RecordRefusal writes down that somebody was kept from something: a page that is not theirs, a form sent from another site.
// actor may be nil. Past a number of rows an hour from one address it only logs: anyone can send what is refused, and
// nobody shall fill the disk with it.
func (a *Auth) RecordRefusal(ctx context.Context, name string, actor *Actor, client Client, detail Detail) error {
	subject := Subject{Client: client}
	if actor != nil {
		subject.UserID, subject.SessionID = &actor.User.ID, actor.Session.ID
	}
	err := a.Attempt(ctx, client, limitRefusalIP.From(client.IP)...)
	if _, limited := err.(Limited); limited {
		a.logEvent(ctx, newEvent(a.now(), name, subject, detail))
		return nil
	}
	if err != nil {
		return err
	}
	return a.Transact(ctx, func(t *Tx) error { return a.Record(t, name, subject, detail) })
}

func newEvent(at time.Time, name string, subject Subject, detail Detail) models.Event {
	if detail == nil {
		detail = Detail{}
	}
	text, _ := json.Marshal(detail) // a map of strings always marshals
	return models.Event{ID: NewID(), At: at, Name: name, UserID: subject.UserID, SessionID: subject.SessionID,
		IP: subject.Client.Address(), Device: subject.Client.Device(), Detail: string(text)}
}

func (a *Auth) logEvent(ctx context.Context, e models.Event) {
	user := ""
	if e.UserID != nil {
		user = *e.UserID
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, e.Name, slog.String("event", e.ID), slog.String("user", user),
		slog.String("session", e.SessionID), slog.String("ip", e.IP), slog.String("device", e.Device), slog.String("detail", e.Detail))
}
