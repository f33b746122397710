package mail

import "time"

// AccountDeletion tells the owner that their account is closed and goes at due, and carries the link that brings it back.
func (l Messages) AccountDeletion(to string, due time.Time, i Incident) Message {
	return l.Write("account_deletion", to, Content{
		Subject:   "Your " + l.AppName + " account will be deleted",
		Preheader: "Until then, one button brings it back.",
		Heading:   "Your account will be deleted",
		Greeting:  Greeting,
		Opening: []string{
			"Somebody who is logged in to your " + l.AppName + " account, hopefully you, has asked to delete it. It is closed now: every device is logged out.",
			"On " + Moment(due) + " everything in it is deleted for good. Until then you can have it back as it was.",
		},
		Facts:    FactsOf(i),
		Life:     i.Life,
		Question: "If it was not you, keep the account, and lock everybody out who can have asked: the page behind the button does both.",
		Button:   "Keep my account",
		Link:     l.Link("/account/restore", i.Token),
		Closing:  []string{"The link asks before it does anything. It works once, within " + Lasting(i.Life) + "."},
	})
}

func accountDeletionPreview(l Messages, s Sample) Message {
	return l.AccountDeletion(s.To, s.Due(), s.Incident)
}

// AccountRestored tells the owner that their account is back.
func (l Messages) AccountRestored(to string, i Incident) Message {
	return l.Alert("account_restored", to, i, Content{
		Subject:   "Your " + l.AppName + " account is back",
		Preheader: "It will not be deleted. Was it you who asked?",
		Heading:   "Your account is back",
		Opening:   []string{"Your " + l.AppName + " account will not be deleted. It is as it was: log in with your password as before."},
		Question:  "If it was not you who had asked to delete it, somebody knows your password: lock them out at once.",
	})
}

func accountRestoredPreview(l Messages, s Sample) Message { return l.AccountRestored(s.To, s.Incident) }

// RestoreAccount carries a link that brings back an account which is deleted at
// due, after life, for a user who has asked for a mail that leads into it.
func (l Messages) RestoreAccount(to string, due time.Time, token string, life time.Duration) Message {
	return l.Write("restore_account", to, Content{
		Subject:   "Your " + l.AppName + " account is closed",
		Preheader: "One button brings it back.",
		Heading:   "Your account is closed",
		Greeting:  Greeting,
		Opening: []string{
			"Somebody, hopefully you, has asked for a mail that leads into your " + l.AppName + " account. It is closed, and on " + Moment(due) +
				" everything in it is deleted for good. Until then you can have it back as it was, and choose a new password.",
		},
		Life:     life,
		Replaces: true,
		Question: "If it was not you who had it deleted, lock everybody out who can have: the page behind the button does both.",
		Button:   "Keep my account",
		Link:     l.Link("/account/restore", token),
		Closing: []string{
			"The link asks before it does anything. It works once, until the account is deleted, and in place of those in earlier mails.",
			"If the account is to be deleted, there is nothing to do.",
		},
	})
}

func restoreAccountPreview(l Messages, s Sample) Message {
	return l.RestoreAccount(s.To, s.Due(), s.Token, s.Incident.Life)
}

// AccountClosing tells whoever signs up with the address of an account that is to be deleted when it is free.
func (l Messages) AccountClosing(to string, due time.Time) Message {
	return l.Write("account_closing", to, Content{
		Subject:   "Your " + l.AppName + " account is being deleted",
		Preheader: "Nothing was changed by the sign-up with your address.",
		Heading:   "Your account is being deleted",
		Greeting:  Greeting,
		Opening: []string{
			"Somebody, perhaps you, has just tried to sign up for " + l.AppName + " with this address. It belongs to an account that will be deleted on " +
				Moment(due) + ", so no new one was made.",
			"To keep the account, use the link in the mail that told you of the deletion, or ask on the login page for a new password, with " +
				"which comes a new link. From that day on you can sign up anew.",
		},
		Button:  "Sign up",
		Link:    l.Link("/register", ""),
		Closing: []string{"If it was not you, there is nothing to do. Whoever tried was not told that you have an account."},
	})
}

func accountClosingPreview(l Messages, s Sample) Message { return l.AccountClosing(s.To, s.Due()) }
