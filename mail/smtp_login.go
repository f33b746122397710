package mail

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/wneessen/go-mail/smtp"
)

// errNoLogin means that the server offers no way to log in that this program
// knows. Mail then waits: it is never sent without the login that was
// configured.
var errNoLogin = errors.New("the mail server offers none of SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN and CRAM-MD5; " +
	"give SMTP_URL the name and app password of a server that does")

// errLogin wraps what went wrong with a login.
var errLogin = errors.New("logging in to the mail server")

// mechanisms are the ways to log in, the best first. PLAIN and LOGIN refuse to
// send the password in clear to another machine.
var mechanisms = []struct {
	name string
	auth func(s *SMTP) smtp.Auth
}{
	{"SCRAM-SHA-256", func(s *SMTP) smtp.Auth { return smtp.ScramSHA256Auth(s.username, s.password) }},
	{"SCRAM-SHA-1", func(s *SMTP) smtp.Auth { return smtp.ScramSHA1Auth(s.username, s.password) }},
	{"PLAIN", func(s *SMTP) smtp.Auth { return smtp.PlainAuth("", s.username, s.password, s.host, false) }},
	{"LOGIN", func(s *SMTP) smtp.Auth { return smtp.LoginAuth(s.username, s.password, s.host, false) }},
	{"CRAM-MD5", func(s *SMTP) smtp.Auth { return smtp.CRAMMD5Auth(s.username, s.password) }},
}

// login logs in by the best mechanism that the server offers, if there is a
// login. go-mail's own choice doesn't read "AUTH=LOGIN" or lower case.
func (s *SMTP) login(session *smtp.Client) error {
	if s.username == "" {
		return nil
	}
	offered := offeredMechanisms(session)
	for _, m := range mechanisms {
		if !slices.Contains(offered, m.name) {
			continue
		}
		if err := session.Auth(m.auth(s)); err != nil {
			return fmt.Errorf("%w: %w", errLogin, err)
		}
		return nil
	}
	return fmt.Errorf("%w (it offers %q)", errNoLogin, offered)
}

// offeredMechanisms reads "AUTH PLAIN LOGIN" (RFC 4954) and the form from before
// it, "AUTH=PLAIN LOGIN".
func offeredMechanisms(session *smtp.Client) (offered []string) {
	_, list := session.Extension("AUTH")
	offered = strings.Fields(strings.ToUpper(list))
	for _, m := range mechanisms {
		if found, rest := session.Extension("AUTH=" + m.name); found {
			offered = append(append(offered, m.name), strings.Fields(strings.ToUpper(rest))...)
		}
	}
	return offered
}
