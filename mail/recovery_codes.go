package mail

import "fmt"

// RecoveryCodeUsed tells the owner that somebody logged in, or proved who they are, with a recovery code, and how many are left.
func (l Messages) RecoveryCodeUsed(to string, left int, i Incident) Message {
	remaining := fmt.Sprintf("You have %d recovery codes left.", left)
	switch left {
	case 0:
		remaining = "It was the last one: make new ones now, or losing your phone will lock you out."
	case 1:
		remaining = "You have one recovery code left: it is time to make new ones."
	}
	return l.Alert("recovery_code_used", to, i, Content{
		Subject:   "A recovery code of your " + l.AppName + " account was used",
		Preheader: "It cannot be used again. Was this you?",
		Heading:   "A recovery code was used",
		Opening:   []string{"One of the recovery codes of your " + l.AppName + " account was used in place of your second factor. " + remaining},
		Says:      "A recovery code was used in place of your second factor.",
		Question: "If this was you, there is nothing more to do. If it was not, somebody has your codes and your password: " +
			"lock them out at once, then make new codes.",
	})
}

func recoveryCodeUsedPreview(l Messages, s Sample) Message {
	return l.RecoveryCodeUsed(s.To, 3, s.Incident)
}
