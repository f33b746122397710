package mail

import "time"

// MailLogin carries a link and a code that each log in once, in the browser that asked for them, which it tells of.
func (l Messages) MailLogin(to, code string, asked Incident) Message {
	life := Lasting(asked.Life)
	return l.Write("mail_login", to, Content{
		Subject:   "Log in to " + l.AppName,
		Preheader: "A link and a code for the browser that asked, good for " + life + ".",
		Heading:   "Log in to " + l.AppName,
		Greeting:  Greeting,
		Opening: []string{"Somebody, hopefully you, has asked to log in to your " + l.AppName + " account. " +
			"Press the button in the browser where you asked, or enter this code there:"},
		Code:   code,
		Facts:  FactsOf(asked),
		Life:   asked.Life,
		Button: "Log in",
		Link:   l.Link("/login/mail/confirm", asked.Token),
		Closing: []string{
			"The link and the code work once, within " + life + ", and only in the browser that asked. Asking again makes them void.",
			"If you did not ask, you can ignore this message: without the code nobody gets in. Give it to nobody, whoever asks for it.",
		},
	})
}

func mailLoginPreview(l Messages, s Sample) Message {
	return l.MailLogin(s.To, "K7QW-3MXP", s.Lasting(10*time.Minute))
}

// codeText is the code in the plain text, on a line of its own.
func codeText(code string) string {
	if code == "" {
		return ""
	}
	return "\n    " + code + "\n"
}
