package auth

import "example.com/gatehouse/models"

// Actor is who is logging in and does not accept the terms, as the verbs of leaving know people: with what they have just proven, and
// without a session. Fresh asks of them what it asks of everybody: where a trusted device stood in for the second factor, or the proof is
// too old, that is ErrReauthRequired.
func (p *PendingLogin) Actor() *Actor {
	return &Actor{User: p.User, Client: p.Client, Session: models.Session{UserID: p.User.ID, AAL: p.authn.AAL(), AuthenticatedAt: p.authn.at}}
}
