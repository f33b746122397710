package mail

import "time"

// ConfirmEmailChange asks whoever reads the new address of an account whether it is theirs. They may be a stranger: it names nobody.
func (l Messages) ConfirmEmailChange(to, token string, life time.Duration) Message {
	return l.Write("confirm_email_change", to, Content{
		Subject:   "Confirm your new email address for " + l.AppName,
		Preheader: "So that your account can move here.",
		Heading:   "Confirm your new address",
		Greeting:  Greeting,
		Opening: []string{"Somebody, hopefully you, wants this to be the address of their " + l.AppName + " account. Please confirm that it is yours. " +
			"The account moves here once the present address has agreed as well; we have written there too."},
		Life:   life,
		Button: "Confirm new address",
		Link:   l.Link("/email/change", token),
		Closing: []string{
			"The link works once, within " + Lasting(life) + ".",
			"If you did not ask for this, you can ignore this message: without your confirmation nothing changes.",
		},
	})
}

func confirmEmailChangePreview(l Messages, s Sample) Message {
	return l.ConfirmEmailChange(s.To, s.Token, s.ConfirmTTL)
}

// ApproveEmailChange asks the present address of an account whether it may have another one. Which one, a page says: it was typed by
// whoever asked.
func (l Messages) ApproveEmailChange(to string, i Incident) Message {
	return l.Write("approve_email_change", to, Content{
		Subject:   "Approve the new email address of your " + l.AppName + " account",
		Preheader: "Nothing changes unless you agree.",
		Heading:   "Is your account to have another address?",
		Greeting:  Greeting,
		Opening: []string{"Somebody who is logged in to your " + l.AppName + " account wants it to have another email address than this one. " +
			"It changes once you agree here and the new address is confirmed, to which we have written too."},
		Facts:    FactsOf(i),
		Life:     i.Life,
		Replaces: true,
		Button:   "See the new address",
		Link:     l.Link("/email/change", i.Token),
		Closing: []string{
			"The link works once, within " + Lasting(i.Life) + ". It shows the new address, and asks before it does anything.",
			"If you did not ask for this, somebody is in your account: open the link and lock them out there.",
		},
	})
}

func approveEmailChangePreview(l Messages, s Sample) Message {
	return l.ApproveEmailChange(s.To, s.Lasting(s.ConfirmTTL))
}

// EmailChangeTaken tells the owner of an address that has an account, or had one until a short while ago, that somebody wanted to have
// it for theirs.
func (l Messages) EmailChangeTaken(to string) Message {
	return l.Write("email_change_taken", to, Content{
		Subject:   "You already have a " + l.AppName + " account",
		Preheader: "Somebody wanted your address for theirs. Nothing was changed.",
		Heading:   "You already have an account",
		Greeting:  Greeting,
		Opening: []string{"Somebody, perhaps you, wants to have this address for another " + l.AppName + " account. " +
			"It belongs to yours, so nothing was changed."},
		Button: "Log in",
		Link:   l.Link("/login", ""),
		Closing: []string{
			"If you want to use it for the other account, change the address of this one first. An address that an account has left is free a week later.",
			"If it was not you, there is nothing to do. Whoever tried was not told that you have an account.",
		},
	})
}

func emailChangeTakenPreview(l Messages, s Sample) Message { return l.EmailChangeTaken(s.To) }

// EmailReserved tells the owner of an address, which an account has left a short while ago, why they cannot sign up with it yet.
func (l Messages) EmailReserved(to string) Message {
	return l.Write("email_reserved", to, Content{
		Subject:   "Your address is not free yet at " + l.AppName,
		Preheader: "An account has left it less than a week ago.",
		Heading:   "This address is not free yet",
		Greeting:  Greeting,
		Opening: []string{"Somebody, perhaps you, has just tried to sign up for " + l.AppName + " with this address. " +
			"An account has left it less than a week ago, and until the week is over that can be undone with the link that we mailed then. So no new account was made."},
		Button: "Log in",
		Link:   l.Link("/login", ""),
		Closing: []string{
			"If you want a new account with this address, sign up again when the week is over.",
			"If it was not you, there is nothing to do.",
		},
	})
}

func emailReservedPreview(l Messages, s Sample) Message { return l.EmailReserved(s.To) }

// EmailChanged tells the owner, at the new address, that the account has it now.
func (l Messages) EmailChanged(to string, i Incident) Message {
	return l.Alert("email_changed", to, i, Content{
		Subject:   "Your " + l.AppName + " account has this address now",
		Preheader: "Log in with it from now on.",
		Heading:   "Your address was changed",
		Opening: []string{"Your " + l.AppName + " account has this email address now: log in with it, and mail from us comes here. " +
			"Every other device was logged out. This is when and where it was asked for:"},
		Question: "If this was you, there is nothing more to do. If it was not, lock everybody out.",
	})
}

func emailChangedPreview(l Messages, s Sample) Message { return l.EmailChanged(s.To, s.Incident) }

// UndoEmailChange tells the owner, at the former address, that the account has another one now, with the way back.
func (l Messages) UndoEmailChange(to string, i Incident) Message {
	return l.Write("undo_email_change", to, Content{
		Subject:   "The address of your " + l.AppName + " account was changed",
		Preheader: "Was this you? You can undo it.",
		Heading:   "Your address was changed",
		Greeting:  Greeting,
		Opening:   []string{"Your " + l.AppName + " account has another email address now. This is the last message about it that comes here, and when and where it was asked for:"},
		Facts:     FactsOf(i),
		Question: "If this was you, there is nothing more to do. If it was not, undo it: your account gets this address back, every device is " +
			"logged out, and you choose a new password.",
		Life:   i.Life,
		Button: "Undo the change",
		Link:   l.Link("/email/undo", i.Token),
		Closing: []string{
			"The link asks before it does anything. It works once, within " + Lasting(i.Life) + ". Nobody else can have this address until then.",
		},
	})
}

func undoEmailChangePreview(l Messages, s Sample) Message { return l.UndoEmailChange(s.To, s.Incident) }

// EmailChangeUndone tells whoever reads the address that an account had for a while that it has the one before again.
func (l Messages) EmailChangeUndone(to string) Message {
	return l.Write("email_change_undone", to, Content{
		Subject:   "This address belongs to no " + l.AppName + " account any more",
		Preheader: "The change of address was undone.",
		Heading:   "The change was undone",
		Greeting:  Greeting,
		Opening:   []string{"An account had this email address until now. With the agreement of the mailbox that it had before, it has gone back to that one, and devices were logged out."},
		Button:    "Log in",
		Link:      l.Link("/login", ""),
		Closing:   []string{"If you are the owner and it was not you who went back, somebody can read the mail of your former address: secure that mailbox first."},
	})
}

func emailChangeUndonePreview(l Messages, s Sample) Message { return l.EmailChangeUndone(s.To) }
