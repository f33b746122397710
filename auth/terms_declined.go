package auth

import "example.com/gatehouse/models"

// AsViewer is who is signing in and does not accept the terms, as the verbs of leaving know people: with what they have just proven, and
// without a session. Fresh asks of them what it asks of everybody: where a trusted device stood in for the second factor, or the proof is
// too old, that is ErrProofDue.
func (p *Pending) AsViewer() *Viewer {
	return &Viewer{User: p.User, Session: models.Session{UserID: p.User.ID, Level: p.proof.Level(), ProvedAt: p.proof.at}}
}
