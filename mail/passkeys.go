package mail

// PasskeyCopied tells the owner of a passkey that there may be two of it, one
// of them perhaps a thief's. passkey says what keeps it, in words of ours: its
// own name is the attacker's to choose once they are in the account.
func (l Messages) PasskeyCopied(to, passkey string, i Incident) Message {
	return l.Alert("passkey_copied", to, i, Content{
		Subject:   "A passkey of your " + l.AppName + " account was refused",
		Preheader: "There may be a copy of it. Was this you?",
		Heading:   "A passkey was refused",
		Opening: []string{
			"Somebody tried to log in to your " + l.AppName + " account with the passkey “" + passkey + "”. It was refused: a passkey counts its " +
				"uses, and this one was behind, as a copy of it would be.",
			"Log in another way, remove that passkey, and add a new one.",
		},
		Question: "If it was not you who tried, somebody may have a copy: lock them out at once.",
	})
}

func passkeyCopiedPreview(l Messages, s Sample) Message {
	return l.PasskeyCopied(s.To, "Bitwarden", s.Incident)
}
