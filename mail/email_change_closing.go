package mail

import "time"

// EmailChangeClosing tells whoever wants the address of an account that is to be deleted for another account when it is free.
func (l Messages) EmailChangeClosing(to string, due time.Time) Message {
	return l.Write("email_change_closing", to, Content{
		Subject:   "Your address is not free yet at " + l.AppName,
		Preheader: "It belongs to an account that is being deleted.",
		Heading:   "This address is not free yet",
		Greeting:  Greeting,
		Opening: []string{
			"Somebody, perhaps you, wants to have this address for another " + l.AppName + " account. It belongs to an account that will be deleted on " +
				Moment(due) + ", so nothing was changed.",
			"From that day on the other account can have it: ask for the change again then. To keep the account that is being deleted, use the link in the mail that told you of the deletion.",
		},
		Button:  "Log in",
		Link:    l.Link("/login", ""),
		Closing: []string{"If it was not you, there is nothing to do. Whoever tried was not told that there is an account."},
	})
}

func emailChangeClosingPreview(l Messages, s Sample) Message {
	return l.EmailChangeClosing(s.To, s.Due())
}
