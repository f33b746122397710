package models

// All returns one value of each model, the ones that others refer to first. The schema law holds them against the tables.
func All() []any {
	return []any{
		&User{},
		&Session{},
		&PendingLogin{},
		&KnownDevice{},
		&Registration{},
		&PasswordReset{},
		&UsedLink{},
		&SecurityAlert{},
		&ProfilePicture{}, // feature:profile_picture
		&Preferences{},
		&Limit{},
		&WriteProbe{},
		&Event{},
		&OutboxMail{},
		&OutboxErasure{},
		&Authenticator{}, // feature:totp
		&AccountRecovery{},
		&RecoveryCode{},     // feature:recovery_codes
		&MailLogin{},        // feature:mail_login
		&Note{},             // feature:notes
		&NoteImage{},        // feature:notes
		&PasskeyOwner{},     // feature:passkeys
		&Passkey{},          // feature:passkeys
		&PasskeyChallenge{}, // feature:passkeys
		&AccountDeletion{},
		&TrustedDevice{},     // feature:trusted_devices
		&AcceptedTerms{},     // feature:terms
		&RegistrationTerms{}, // feature:terms
		&EmailChange{},
		&FormerEmail{},
	}
}
