package mail

import "time"

// Preview writes one message with a sample's content. It stands next to the
// method that writes the message. The page of previews in development and the
// tests of all messages go through a list of these, so they know neither the
// kinds nor the arguments of a message.
type Preview func(Messages, Sample) Message

// Sample is made-up content for a preview. A message that needs something else
// takes it from its own Preview.
type Sample struct {
	To       string
	Token    string
	Incident Incident

	ConfirmTTL time.Duration
	ResetTTL   time.Duration
}

// NewSample returns the content of the previews. Its token opens nothing, so the
// links lead to pages that say what becomes of an invalid link.
func NewSample(confirmTTL, resetTTL time.Duration) Sample {
	const token = "made-up"
	return Sample{
		To:    "ada@example.com",
		Token: token,
		Incident: Incident{
			At:     time.Date(2026, time.November, 22, 14, 5, 0, 0, time.UTC),
			IP:     "203.0.113.7",
			Device: "Firefox on Linux",
			Token:  token,
			Life:   7 * 24 * time.Hour,
		},
		ConfirmTTL: confirmTTL,
		ResetTTL:   resetTTL,
	}
}

// Lasting returns the incident with a link of another lifetime.
func (s Sample) Lasting(life time.Duration) Incident {
	s.Incident.Life = life
	return s.Incident
}

// Due returns when the link of the incident ends.
func (s Sample) Due() time.Time { return s.Incident.At.Add(s.Incident.Life) }

// Alerts returns a line of alerts that happened after the incident.
func (s Sample) Alerts() []AlertLine {
	i := s.Incident
	return Fold(nil, Alert{"New recovery codes were made. Older ones no longer work.", i.At, i.IP, i.Device})
}

// Previews returns the previews of the program's messages.
func Previews() []Preview {
	return []Preview{
		confirmAddressPreview,
		addressTakenPreview,
		resetPasswordPreview,
		newDevicePreview,
		unfinishedLogInPreview,
		passwordResetPreview,
		passwordChangedPreview,
		passwordExpiredPreview,
		factorChangedPreview,
		moreAlertsPreview,
		recoverAccountPreview,
		recoveryCodeUsedPreview, // feature:recovery_codes
		passkeyCopiedPreview,    // feature:passkeys
		accountExportedPreview,
		mailLoginPreview, // feature:mail_login
		accountDeletionPreview,
		accountRestoredPreview,
		restoreAccountPreview,
		accountClosingPreview,
		confirmEmailChangePreview,
		approveEmailChangePreview,
		emailChangeClosingPreview,
		emailChangeTakenPreview,
		emailReservedPreview,
		emailChangedPreview,
		undoEmailChangePreview,
		emailChangeUndonePreview,
	}
}
