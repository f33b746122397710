package mail

import (
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/a-h/templ"

	"example.com/gatehouse/models"
)

// Messages writes the application's messages. Links are made from the configured base URL alone, never from a request, whose
// Host header is the sender's to choose.
type Messages struct {
	AppName string // the name of the application
	appURL  *url.URL
}

// NewMessages returns the writer of the application's messages.
func NewMessages(appName string, appURL *url.URL) Messages { return Messages{appName, appURL} }

// ConfirmAddress asks the owner of the address to confirm a sign-up.
func (l Messages) ConfirmAddress(to, token string, life time.Duration) Message {
	return l.Write("confirm_address", to, Content{
		Subject:   "Confirm your email address for " + l.AppName,
		Preheader: "One button, and your account is ready.",
		Heading:   "Confirm your email address",
		Greeting:  Greeting,
		Opening:   []string{"You are one step away from your " + l.AppName + " account. Please confirm that this address is yours."},
		Life:      life,
		Button:    "Confirm email address",
		Link:      l.Link("/email/confirm", token),
		Closing: []string{
			"The link works once, within " + Lasting(life) + ".",
			"If you did not sign up, you can ignore this message: without your confirmation there is no account.",
		},
	})
}

func confirmAddressPreview(l Messages, s Sample) Message {
	return l.ConfirmAddress(s.To, s.Token, s.ConfirmTTL)
}

// AddressTaken tells the owner of an account that somebody tried to sign up with the same address.
func (l Messages) AddressTaken(to string) Message {
	return l.Write("address_taken", to, Content{
		Subject:   "You already have a " + l.AppName + " account",
		Preheader: "Somebody tried to sign up with your address. Nothing was changed.",
		Heading:   "You already have an account",
		Greeting:  Greeting,
		Opening: []string{"Somebody, perhaps you, has just tried to sign up for " + l.AppName + " with this address. " +
			"It already belongs to your account, so no new one was made and nothing was changed."},
		Button: "Log in",
		Link:   l.Link("/login", ""),
		Closing: []string{
			"If you have forgotten your password, the login page lets you choose a new one.",
			"If it was not you, there is nothing to do. Whoever tried was not told that you have an account.",
		},
	})
}

func addressTakenPreview(l Messages, s Sample) Message { return l.AddressTaken(s.To) }

// ResetPassword carries the link with which the owner of an account sets a new password.
func (l Messages) ResetPassword(to, token string, life time.Duration) Message {
	return l.Write("reset_password", to, Content{
		Subject:   "Reset your " + l.AppName + " password",
		Preheader: "Choose a new password within " + Lasting(life) + ".",
		Heading:   "Reset your password",
		Greeting:  Greeting,
		Opening:   []string{"Somebody, hopefully you, has asked to reset the password of your " + l.AppName + " account."},
		Life:      life,
		Replaces:  true,
		Button:    "Choose a new password",
		Link:      l.Link("/password/reset", token),
		Closing: []string{
			"The link works once, within " + Lasting(life) + ". Asking again makes it void.",
			"If you did not ask, you can ignore this message: your password stays as it is.",
		},
	})
}

func resetPasswordPreview(l Messages, s Sample) Message {
	return l.ResetPassword(s.To, s.Token, s.ResetTTL)
}

// Incident is what a security alert tells beside what was done: when, where, and the token of the link for when it was not the owner.
// Device is a name that models.DeviceName gave.
type Incident struct {
	At     time.Time
	IP     string
	Device string
	Token  string
	Life   time.Duration // of the link
}

// Alert returns a message that tells the owner of an account what was done to it,
// with a link for when it was not them. It completes the content: greeting, facts,
// button, link and closing are the same in all alerts. Call it from the function
// that auth.Auth.Alert takes.
func (l Messages) Alert(kind, to string, i Incident, content Content) Message {
	content.Greeting = Greeting
	if content.Facts == nil {
		content.Facts = FactsOf(i)
	}
	content.Button = "This wasn’t me"
	content.Link = l.Link("/security-alert", i.Token)
	content.Closing = []string{
		"The link asks before it does anything. It works once, within " + Lasting(i.Life) + ": it logs out every device and lets you choose a new password.",
	}
	content.Life = i.Life
	m := l.Write(kind, to, content)
	m.Alert = &Alert{Says: cmp.Or(content.Says, content.Opening[0]), At: i.At, IP: i.IP, Device: i.Device}
	return m
}

// NewDevice tells the owner of a login in a browser that they have not logged in with before.
func (l Messages) NewDevice(to string, i Incident) Message {
	return l.Alert("new_device", to, i, Content{
		Subject:   "New login to your " + l.AppName + " account",
		Preheader: "On a device that we have not seen before. Was this you?",
		Heading:   "New login to your account",
		Opening:   []string{"Somebody has logged in to your " + l.AppName + " account on a device that we have not seen you use before."},
		Question:  "If this was you, there is nothing to do. If it was not, somebody else can get in: lock them out at once.",
	})
}

func newDevicePreview(l Messages, s Sample) Message { return l.NewDevice(s.To, s.Incident) }

// UnfinishedLogIn tells the owner that somebody knew the password, in a browser that they have not logged in with before, and did not get in.
func (l Messages) UnfinishedLogIn(to string, i Incident) Message {
	return l.Alert("unfinished_log_in", to, i, Content{
		Subject:   "Somebody knew the password of your " + l.AppName + " account",
		Preheader: "They did not get in. Was this you?",
		Heading:   "A login was not finished",
		Opening: []string{"Somebody has entered the right password of your " + l.AppName + " account on a device that we have not seen you use before, " +
			"and did not take the step that comes after it. They are not in."},
		Question: "If this was you, there is nothing to do. If it was not, somebody knows your password: lock them out, and choose another.",
	})
}

func unfinishedLogInPreview(l Messages, s Sample) Message { return l.UnfinishedLogIn(s.To, s.Incident) }

// PasswordReset tells the owner that a mailed link was used to set a new password.
func (l Messages) PasswordReset(to string, i Incident) Message {
	return l.Alert("password_reset", to, i, Content{
		Subject:   "Your " + l.AppName + " password was reset",
		Preheader: "You were logged out everywhere. Was this you?",
		Heading:   "Your password was reset",
		Opening: []string{
			"The password of your " + l.AppName + " account has been reset through a link in a mail to this address. " +
				"Every device was logged out.",
			"Passkeys, if there are any, log in as before. If you do not know one of them, remove it on the security page.", // feature:passkeys
		},
		Question: "If this was you, there is nothing more to do. If it was not, somebody can read your mail: " +
			"secure your mailbox first, then lock them out here.",
	})
}

func passwordResetPreview(l Messages, s Sample) Message { return l.PasswordReset(s.To, s.Incident) }

// PasswordChanged tells the owner that somebody who knew the password has replaced it.
func (l Messages) PasswordChanged(to string, i Incident) Message {
	return l.Alert("password_changed", to, i, Content{
		Subject:   "Your " + l.AppName + " password was changed",
		Preheader: "Your other devices were logged out. Was this you?",
		Heading:   "Your password was changed",
		Opening: []string{"The password of your " + l.AppName + " account has been changed by somebody who knew it. " +
			"Every other device was logged out."},
		Question: "If this was you, there is nothing more to do. If it was not, lock them out at once.",
	})
}

func passwordChangedPreview(l Messages, s Sample) Message { return l.PasswordChanged(s.To, s.Incident) }

// PasswordExpired tells the owner that whoever runs the application wants them to have a new password, since when.
func (l Messages) PasswordExpired(to string, at time.Time) Message {
	return l.Write("password_expired", to, Content{
		Subject:   "Choose a new password for " + l.AppName,
		Preheader: "The one you had opens nothing any more.",
		Heading:   "A new password is due",
		Greeting:  Greeting,
		Opening: []string{
			"Your password may be known to others. So on " + Moment(at) + " the people who run " + l.AppName +
				" made it void: it opens nothing any more, and every device was logged out.",
			"You choose a new one through a link that we mail to this address. Nobody sees the one you had, nor the one you choose.",
		},
		Button: "Choose a new password",
		Link:   l.Link("/password/forgot", ""),
	})
}

func passwordExpiredPreview(l Messages, s Sample) Message {
	return l.PasswordExpired(s.To, s.Incident.At)
}

// FactorChanged tells the owner in one sentence what changed in how the account is protected.
func (l Messages) FactorChanged(to, what string, i Incident) Message {
	return l.Alert("factor_changed", to, i, Content{
		Subject:   "The security of your " + l.AppName + " account was changed",
		Preheader: "Was this you?",
		Heading:   "Your security settings were changed",
		Opening:   []string{what},
		Question:  "If this was you, there is nothing more to do. If it was not, lock them out at once.",
	})
}

func factorChangedPreview(l Messages, s Sample) Message {
	return l.FactorChanged(s.To, "An authenticator app was added.", s.Incident)
}

// Content is what a message says. HTML and text are two renderings of it, so each
// sentence is written once. A text that a user typed must not be part of it, except
// for names that were normalized: it could be a call to a phone number.
type Content struct {
	AppName   string
	Subject   string
	Preheader string // what a mailbox shows beside the subject
	Heading   string
	Greeting  string
	Opening   []string
	Code      string // feature:mail_login
	Facts     []Fact
	Question  string
	Button    string
	Link      string
	Closing   []string
	Life      time.Duration // see Message, as for Replaces
	Replaces  bool
	Says      string // what an alert says in a list; "" for the first paragraph of Opening
}

// Fact is a line of a message: a name and its value.
type Fact struct{ Name, Value string }

// blocks stand in the HTML between the opening and the facts.
func (l Content) blocks() []templ.Component {
	return []templ.Component{
		codeBlock(l.Code), // feature:mail_login
	}
}

// Write returns a message with this content. kind is unique, and stands in the log.
// Content without a Greeting gets none.
func (l Messages) Write(kind, to string, content Content) Message {
	content.AppName = l.AppName
	var html strings.Builder
	err := messagePage(content).Render(context.Background(), &html)
	return Message{Kind: kind, To: to, Subject: content.Subject, HTML: html.String(), Text: content.text(), Life: content.Life, Replaces: content.Replaces, err: err}
}

// Link returns the address of a page of the application, with a token if it is not
// "". It is made from APP_URL, never from a request, whose Host header an attacker
// chooses.
func (l Messages) Link(path, token string) string {
	u := l.appURL.JoinPath(path)
	if token != "" {
		u.RawQuery = url.Values{"token": {token}}.Encode()
	}
	return u.String()
}

// Greeting has no name. Anyone can sign up with any address and any name, and
// a name of plain words could tell the reader to call a number.
const Greeting = "Hello,"

// FactsOf returns when and where an incident happened.
func FactsOf(i Incident) []Fact {
	return []Fact{
		{"When", Moment(i.At)},
		{"IP address", ipAddress(i.IP)},
		{"Device", models.KnownDeviceName(i.Device)},
	}
}

// Lasting returns a duration in the largest unit of which it is a whole number:
// "2 days".
func Lasting(d time.Duration) string {
	count, unit := int(d.Minutes()), "minute"
	switch {
	case d >= 48*time.Hour && d%(24*time.Hour) == 0:
		count, unit = int(d.Hours())/24, "day"
	case d >= time.Hour && d%time.Hour == 0:
		count, unit = int(d.Hours()), "hour"
	}
	if count == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", count, unit)
}

func initial(name string) string {
	first, _ := utf8.DecodeRuneInString(name)
	return string(unicode.ToUpper(first))
}

// textWidth is the columns of the plain text. RFC 5322 2.1.1 asks for 78 or less; a reply's quote marks need room.
const textWidth = 72

func (l Content) text() string {
	var out strings.Builder
	out.WriteString(l.Heading + "\n" + strings.Repeat("=", utf8.RuneCountInString(l.Heading)) + "\n\n")
	out.WriteString(wrap(l.Greeting) + "\n")
	for _, paragraph := range l.Opening {
		out.WriteString("\n" + wrap(paragraph) + "\n")
	}
	out.WriteString(codeText(l.Code)) // feature:mail_login
	if len(l.Facts) > 0 {
		out.WriteString("\n")
	}
	for _, f := range l.Facts {
		value := strings.ReplaceAll(wrapAt(f.Value, textWidth-16), "\n", "\n"+strings.Repeat(" ", 16))
		fmt.Fprintf(&out, "    %-12s%s\n", f.Name+":", value)
	}
	if l.Question != "" {
		out.WriteString("\n" + wrap(l.Question) + "\n")
	}
	// Not wrapped: a broken address is a dead link.
	out.WriteString("\n" + l.Button + ":\n\n" + l.Link + "\n")
	for _, paragraph := range l.Closing {
		out.WriteString("\n" + wrap(paragraph) + "\n")
	}
	out.WriteString("\n--\n" + l.AppName + "\n")
	return out.String()
}

func wrap(paragraph string) string { return wrapAt(paragraph, textWidth) }

// wrapAt breaks a paragraph between words.
func wrapAt(paragraph string, columns int) string {
	var out strings.Builder
	column := 0
	for _, word := range strings.Fields(paragraph) {
		width := utf8.RuneCountInString(word)
		switch {
		case column == 0:
		case column+1+width > columns:
			out.WriteByte('\n')
			column = 0
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += width
	}
	return out.String()
}

// Moment returns a time as mail states it, whose readers may be anywhere.
func Moment(at time.Time) string { return at.UTC().Format("January 2, 2006 at 15:04 UTC") }
