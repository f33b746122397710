package mail

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
)

func deliver(t *testing.T, s *SMTP) error {
	t.Helper()
	m := reset("ada@example.com")
	return s.send(context.Background(), sender, payload{
		MessageID: "0197-test@example.com", Date: time.Unix(0, 0), To: m.To, Subject: m.Subject, HTML: m.HTML, Text: m.Text,
	})
}

func client(t *testing.T, server *mailtest.Server) *SMTP {
	t.Helper()
	s, err := NewSMTP(server.URL(), "app.example.com", server.Roots(), false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMailGoesOverEachKindOfConnection(t *testing.T) {
	for what, features := range map[string][]mailtest.Feature{
		"plain":                             nil,
		"plain with a password":             {mailtest.Auth},
		"STARTTLS":                          {mailtest.StartTLS},
		"STARTTLS with a password":          {mailtest.StartTLS, mailtest.Auth},
		"STARTTLS and only then a password": {mailtest.StartTLS, mailtest.Auth, mailtest.AuthInTLS},
		"TLS throughout":                    {mailtest.ImplicitTLS},
		"TLS and a password":                {mailtest.ImplicitTLS, mailtest.Auth},
	} {
		t.Run(what, func(t *testing.T) {
			server := mailtest.NewServer(t, features...)
			if err := deliver(t, client(t, server)); err != nil {
				t.Fatal(err)
			}
			encrypted := server.Next(t, "ada@example.com").TLS
			if wanted := strings.Contains(what, "TLS"); encrypted != wanted {
				t.Errorf("encrypted: %v, wanted: %v", encrypted, wanted)
			}
		})
	}
}

func TestItem70APasswordIsNotSentInClearToAnotherMachine(t *testing.T) { // ASVS 12.3.1
	server := mailtest.NewServer(t, mailtest.Auth)
	u := server.URL()
	u.Host = "mail.example.com:" + u.Port()
	s, err := NewSMTP(u, "app.example.com", server.Roots(), false)
	if err != nil {
		t.Fatal(err)
	}
	s.host = "127.0.0.1" // where mail.example.com leads when somebody has redirected it
	if err := deliver(t, s); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("without STARTTLS: %v", err)
	}
	if server.PasswordInClear() || len(server.Messages()) != 0 {
		t.Error("the password or the mail went over the wire in clear")
	}
}

func TestItem70WhereTLSIsDemandedNoMailGoesInClearToAnotherMachine(t *testing.T) { // ASVS 12.3.1
	server := mailtest.NewServer(t)
	u := server.URL()
	u.Host = "mail.example.com:" + u.Port()
	for _, demanded := range []bool{true, false} {
		s, err := NewSMTP(u, "app.example.com", server.Roots(), demanded)
		if err != nil {
			t.Fatal(err)
		}
		s.host = "127.0.0.1" // where mail.example.com leads when somebody has redirected it
		if err := deliver(t, s); (err != nil) != demanded {
			t.Errorf("demanded %v: %v", demanded, err)
		}
	}
}

func TestItem70ACertificateOfAnotherIsRefused(t *testing.T) { // ASVS 12.3.2
	for _, feature := range []mailtest.Feature{mailtest.StartTLS, mailtest.ImplicitTLS} {
		server, other := mailtest.NewServer(t, feature, mailtest.Auth), mailtest.NewServer(t)
		unknown, err := NewSMTP(server.URL(), "app.example.com", other.Roots(), false)
		if err != nil {
			t.Fatal(err)
		}
		system, err := NewSMTP(server.URL(), "app.example.com", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		misnamed := client(t, server)
		misnamed.tls.ServerName = "mail.example.com"
		for what, s := range map[string]*SMTP{"unknown": unknown, "unknown to the system": system, "misnamed": misnamed} {
			err := deliver(t, s)
			if err == nil || class(err) != "the server's certificate cannot be verified" {
				t.Errorf("%s: %v", what, err)
			}
			if faultOf(err) != faultOperator {
				t.Errorf("%s: mail is given up for what the operator can mend", what)
			}
		}
		if len(server.Messages()) != 0 {
			t.Error("mail was sent to a server that nobody vouches for")
		}
	}
}

func TestAWrongPasswordIsTriedAgainAndNotLogged(t *testing.T) {
	server := mailtest.NewServer(t, mailtest.StartTLS, mailtest.Auth)
	s := client(t, server)
	s.password = "not-the-password"
	err := deliver(t, s)
	if err == nil || faultOf(err) != faultOperator {
		t.Fatalf("a wrong password: %v", err)
	}
	if class(err) != "logging in to the mail server: 535" {
		t.Errorf("it is logged as %q", class(err))
	}
	lacks(t, lastError(err, "ada@example.com"), "not-the-password")
}

func TestOnlyARefusalOfThisMailIsForGood(t *testing.T) {
	for code, want := range map[int]bool{421: false, 450: false, 452: false, 550: true, 552: true, 554: true} {
		server := mailtest.NewServer(t)
		server.Refuse(code)
		if err := deliver(t, client(t, server)); err == nil || (faultOf(err) == faultRecipient) != want {
			t.Errorf("%d is for good: %v (%v)", code, faultOf(err) == faultRecipient, err)
		}
	}
}

func TestASilentServerIsLeftWhenTheTimeIsUp(t *testing.T) {
	server := mailtest.NewServer(t)
	resume := server.Stall()
	defer resume()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	began := time.Now()
	err := client(t, server).send(ctx, sender, payload{MessageID: "1@example.com", To: "ada@example.com", Subject: "s", HTML: "h", Text: "t"})
	if err == nil || time.Since(began) > connectTimeout/2 {
		t.Errorf("%v after %s", err, time.Since(began))
	}
}

func TestTheServersAddressIsChecked(t *testing.T) {
	for address, ok := range map[string]bool{
		"smtp://mail.example.com":            true,
		"smtps://user:pass@mail.example.com": true,
		"smtp://[::1]:2525":                  true,
		"http://mail.example.com":            false,
		"smtp://":                            false,
		"smtp://:587":                        false,
		"smtp://mail.example.com:0":          false,
		"smtp://mail.example.com:66000":      false,
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := NewSMTP(u, "app.example.com", nil, false); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if s, err := NewSMTP(nil, "app.example.com", nil, false); s != nil || err != nil {
		t.Error("no address is not the development mailbox")
	}
}

func TestTheServersWordsAreCutToOneLineWithoutTheRecipient(t *testing.T) {
	got := lastError(errors.New("no\r\nsuch\x00 user ADA@Example.com, İ ada@example.com "+strings.Repeat("é", 300)), "ada@example.com")
	if !oneLine(got) || len(got) > maxLastError {
		t.Errorf("%q is kept", got)
	}
	lacks(t, got, "ada@")
}

func TestMailsThatFollowEachOtherShareAConnection(t *testing.T) {
	for what, features := range map[string][]mailtest.Feature{
		"plain":                    nil,
		"STARTTLS with a password": {mailtest.StartTLS, mailtest.Auth},
		"TLS throughout":           {mailtest.ImplicitTLS},
	} {
		t.Run(what, func(t *testing.T) {
			server := mailtest.NewServer(t, features...)
			s := client(t, server)
			if err := deliver(t, s); err != nil {
				t.Fatal(err)
			}
			connections := server.Connections()
			for range 4 {
				if err := deliver(t, s); err != nil {
					t.Fatal(err)
				}
			}
			if more, mails := server.Connections()-connections, len(server.Messages()); more != 0 || mails != 5 {
				t.Errorf("%d mails came, over %d more connections than the first", mails, more)
			}
		})
	}
}

func TestAConnectionThatWasKeptMayBeGone(t *testing.T) {
	for what, end := range map[string]func(*mailtest.Server){
		"the server was started anew":          func(s *mailtest.Server) { s.Stop(); s.Start() },
		"the server has had enough of the one": func(s *mailtest.Server) { s.Refuse(421) },
	} {
		t.Run(what, func(t *testing.T) {
			server := mailtest.NewServer(t)
			s := client(t, server)
			for n := 1; n < 4; n++ {
				if err := deliver(t, s); err != nil {
					t.Fatal(err)
				}
				if connections, mails := server.Connections(), len(server.Messages()); connections != n || mails != n {
					t.Errorf("%d mails came over %d connections", mails, connections)
				}
				end(server)
			}
		})
	}
}

func TestOnAKeptConnectionAnAnswerIsAnAnswer(t *testing.T) {
	server := mailtest.NewServer(t)
	s := client(t, server)
	if err := deliver(t, s); err != nil {
		t.Fatal(err)
	}
	server.Refuse(550)
	if err := deliver(t, s); faultOf(err) != faultRecipient || server.Connections() != 1 {
		t.Errorf("a refusal is %v, after %d connections", err, server.Connections())
	}
	if err := deliver(t, s); err != nil { // on the next
		t.Fatal(err)
	}
	server.DieAfterData(1)
	if err := deliver(t, s); err == nil || server.Connections() != 2 || len(server.Messages()) != 3 {
		t.Errorf("a mail that may have arrived is given again at once: %v, %d connections, %d mails", err, server.Connections(), len(server.Messages()))
	}
}

func TestAConnectionIsNotKeptForLong(t *testing.T) {
	t.Parallel()
	server := mailtest.NewServer(t)
	if err := deliver(t, client(t, server)); err != nil {
		t.Fatal(err)
	}
	if server.Open() != 1 {
		t.Fatalf("%d connections are open", server.Open())
	}
	hungUp(t, server)
}

func TestAStoppedWorkerHangsUp(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	stop := o.work()
	o.post(reset("ada@example.com"))
	o.until("sent", sent)
	began := time.Now()
	stop()
	hungUp(t, o.server)
	if took := time.Since(began); took > keptFor/2 {
		t.Errorf("it took %s", took)
	}
}

// hungUp waits until nobody is connected any more.
func hungUp(t *testing.T, server *mailtest.Server) {
	t.Helper()
	for range 1000 {
		if server.Open() == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatalf("%d connections are still open", server.Open())
}

// RFC 4954 3: AUTH lists mechanisms, in any case of letters. "AUTH=" is the form
// from before it, which old servers still send, some of them alone.
func TestSMTP_LogsInByWhatTheServerOffers(t *testing.T) {
	for offered, want := range map[string]string{
		"AUTH PLAIN LOGIN":               "PLAIN",
		"AUTH LOGIN":                     "LOGIN",
		"AUTH login plain":               "PLAIN",
		"AUTH=LOGIN":                     "LOGIN",
		"AUTH=LOGIN PLAIN":               "PLAIN",
		"AUTH=CRAM-MD5":                  "CRAM-MD5",
		"AUTH CRAM-MD5":                  "CRAM-MD5",
		"AUTH DIGEST-MD5 CRAM-MD5":       "CRAM-MD5",
		"AUTH XOAUTH2 OAUTHBEARER PLAIN": "PLAIN",
	} {
		server := mailtest.NewDialect(t, "PIPELINING", offered)
		s, err := NewSMTP(server.URL(), "app.example.com", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := deliver(t, s); err != nil {
			t.Errorf("%s: %v", offered, err)
		}
		if got := server.Logins(); len(got) != 1 || got[0] != want {
			t.Errorf("%s: the client logs in by %q, want %s", offered, got, want)
		}
	}
}

// A mail that goes without the login that was configured is refused by most
// servers, and says by the rest that anyone may send.
func TestSMTP_SendsNothingWithoutTheLogin(t *testing.T) {
	for what, extensions := range map[string][]string{
		"no login at all":             {"PIPELINING"},
		"nothing that we know":        {"AUTH XOAUTH2 OAUTHBEARER"},
		"Kerberos and NTLM alone":     {"AUTH GSSAPI NTLM"},
		"an empty list":               {"AUTH"},
		"another word":                {"AUTHENTICATE PLAIN"},
		"STARTTLS that leads nowhere": {"STARTTLS"},
	} {
		server := mailtest.NewDialect(t, extensions...)
		s, err := NewSMTP(server.URL(), "app.example.com", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		err = deliver(t, s)
		if all, _ := server.Mails(); err == nil || all != 0 {
			t.Errorf("%s: %d mails were sent: %v", what, all, err)
		}
		if err != nil && faultOf(err) == faultRecipient {
			t.Errorf("%s: the mail is given up for what the operator can fix", what)
		}
	}
	server := mailtest.NewDialect(t, "AUTH XOAUTH2")
	s, _ := NewSMTP(server.URL(), "app.example.com", nil, false)
	err := deliver(t, s)
	if err == nil || !strings.Contains(err.Error(), "XOAUTH2") || !strings.Contains(class(err), "app password") {
		t.Errorf("the operator is told %q and %q, want what is offered and what to do", err, class(err))
	}
}
