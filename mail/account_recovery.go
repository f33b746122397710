package mail

import "time"

// RecoverAccount carries the link that removes every second factor of an account whose owner has lost them.
func (l Messages) RecoverAccount(to, token string, life time.Duration) Message {
	return l.Write("recover_account", to, Content{
		Subject:   "Get back into your " + l.AppName + " account",
		Preheader: "Remove the second factors that you have lost.",
		Heading:   "Get back into your account",
		Greeting:  Greeting,
		Opening: []string{"You have told us that you lost your second factors. This link removes them all and logs every device out. " +
			"You then log in with your password, and can set up new ones."},
		Life:     life,
		Replaces: true,
		Button:   "Remove my second factors",
		Link:     l.Link("/account-recovery", token),
		Closing: []string{
			"The link works once, within " + Lasting(life) + ".",
			"If you did not ask for this, somebody has asked in your name. Do not use the link. Choose a new password, which makes it void, and tell us.",
		},
	})
}

func recoverAccountPreview(l Messages, s Sample) Message {
	return l.RecoverAccount(s.To, s.Token, time.Hour)
}
