package auth

// SealForSession encrypts data that the browser carries from one form to the
// next, such as the secret of a second factor that is not yet proven. Nothing
// is stored, the user cannot read or change it, and it opens for an hour in
// this session alone. purpose names the feature, so that what one has sealed
// does not open for another. The error is ErrTooMuch for more than MaxKept
// bytes.
func (a *Auth) SealForSession(actor *Actor, purpose string, plain []byte) (sealed string, err error) {
	return a.sealFor(inSession(actor, purpose), plain)
}

// OpenForSession decrypts what SealForSession returned. ok is false for data
// that was changed, is too old, or was sealed in another session or for another
// purpose.
func (a *Auth) OpenForSession(actor *Actor, purpose, sealed string) (plain []byte, ok bool) {
	return a.openFor(inSession(actor, purpose), sealed)
}

// inSession identifies the purpose in the user's session.
func inSession(actor *Actor, purpose string) string {
	return purpose + " " + actor.User.ID + " " + actor.Session.ID
}
