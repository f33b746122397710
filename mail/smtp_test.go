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
	s, err := NewSMTP(server.URL(), server.Roots(), false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestMailGoesOverEachKindOfConnection(t *testing.T) {
	for what, features := range map[string][]mailtest.Feature{
		"plain":                    nil,
		"plain with a password":    {mailtest.Auth},
		"STARTTLS":                 {mailtest.StartTLS},
		"STARTTLS with a password": {mailtest.StartTLS, mailtest.Auth},
		"TLS throughout":           {mailtest.ImplicitTLS},
		"TLS and a password":       {mailtest.ImplicitTLS, mailtest.Auth},
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
	s, err := NewSMTP(u, server.Roots(), false)
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
		s, err := NewSMTP(u, server.Roots(), demanded)
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
		unknown, err := NewSMTP(server.URL(), other.Roots(), false)
		if err != nil {
			t.Fatal(err)
		}
		system, err := NewSMTP(server.URL(), nil, false)
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
			if permanent(err) {
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
	if err == nil || permanent(err) {
		t.Fatalf("a wrong password: %v", err)
	}
	if class(err) != "greeting the server: 535" {
		t.Errorf("it is logged as %q", class(err))
	}
	lacks(t, lastError(err, "ada@example.com"), "not-the-password")
}

func TestOnlyARefusalOfThisMailIsForGood(t *testing.T) {
	for code, want := range map[int]bool{421: false, 450: false, 452: false, 550: true, 552: true, 554: true} {
		server := mailtest.NewServer(t)
		server.Refuse(code)
		if err := deliver(t, client(t, server)); err == nil || permanent(err) != want {
			t.Errorf("%d is for good: %v (%v)", code, permanent(err), err)
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
		if _, err := NewSMTP(u, nil, false); (err == nil) != ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if s, err := NewSMTP(nil, nil, false); s != nil || err != nil {
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
