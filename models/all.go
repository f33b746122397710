package models

// All returns one value of each model, the ones that others refer to first. The schema law holds them against the tables.
func All() []any {
	return []any{
		&User{},
		&Session{},
		&KnownDevice{},
		&Registration{},
		&PasswordReset{},
		&Limit{},
		&Event{},
		&OutboxMail{},
		&Note{},      // feature:notes
		&NoteImage{}, // feature:notes
	}
}
