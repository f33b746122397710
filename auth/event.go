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

// Detail is what else is known of an event. It never holds a secret, nor what a person typed: passwords are typed into
// the wrong field every day.
type Detail map[string]string

// record writes an event in the transaction and remembers it for the log line.
func (a *Auth) record(t *tx, name string, userID *string, sessionID string, client Client, detail Detail) error {
	return a.write(t, newEvent(t.now(), name, userID, sessionID, client, detail))
}

func (a *Auth) write(t *tx, e models.Event) error {
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
	var userID *string
	var sessionID string
	if actor != nil {
		userID, sessionID = &actor.User.ID, actor.Session.ID
	}
	err := a.Attempt(ctx, client, limitRefusalIP.From(client.IP)...)
	if _, limited := err.(Limited); limited {
		a.logEvent(ctx, newEvent(a.now(), name, userID, sessionID, client, detail))
		return nil
	}
	if err != nil {
		return err
	}
	return a.transact(ctx, func(t *tx) error { return a.record(t, name, userID, sessionID, client, detail) })
}

func newEvent(at time.Time, name string, userID *string, sessionID string, client Client, detail Detail) models.Event {
	if detail == nil {
		detail = Detail{}
	}
	text, _ := json.Marshal(detail) // a map of strings always marshals
	return models.Event{ID: newID(), At: at, Name: name, UserID: userID, SessionID: sessionID, IP: client.Address(), Device: client.Device(), Detail: string(text)}
}

func (a *Auth) logEvent(ctx context.Context, e models.Event) {
	user := ""
	if e.UserID != nil {
		user = *e.UserID
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, e.Name, slog.String("event", e.ID), slog.String("user", user),
		slog.String("session", e.SessionID), slog.String("ip", e.IP), slog.String("device", e.Device), slog.String("detail", e.Detail))
}
