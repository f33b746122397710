package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/netip"
	"net/textproto"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// SMTP hands mail to the server of an SMTP_URL.
type SMTP struct {
	host     string
	port     int
	username string
	password string
	implicit bool // TLS from the first byte (smtps)
	policy   gomail.TLSPolicy
	tls      *tls.Config
	hello    string

	mutex sync.Mutex
	kept  []*line // the latest last
}

// connectTimeout bounds connecting, TLS and login, talkTimeout the rest of a conversation.
const (
	connectTimeout = 20 * time.Second
	talkTimeout    = 40 * time.Second
)

// NewSMTP reads smtp://user:password@host:587 (STARTTLS when offered) or smtps://user:password@host:465 (TLS throughout). To
// another machine STARTTLS is demanded when there is a password, or when demandTLS says so (ASVS 12.3.1). Certificates are verified against roots, nil meaning the system's
// (ASVS 12.3.2). hello is what the server is told this host is called. A nil address gives a nil SMTP: the development mailbox.
func NewSMTP(address *url.URL, hello string, roots *x509.CertPool, demandTLS bool) (*SMTP, error) {
	if address == nil {
		return nil, nil
	}
	s := &SMTP{host: address.Hostname(), username: address.User.Username(), policy: gomail.TLSOpportunistic, hello: hello}
	s.password, _ = address.User.Password()
	switch address.Scheme {
	case "smtp":
		s.port = 587
	case "smtps":
		s.port, s.implicit = 465, true
	default:
		return nil, fmt.Errorf("the mail server's address begins with %q; it begins with smtp or smtps", address.Scheme)
	}
	if s.host == "" {
		return nil, errors.New("the mail server's address has no host")
	}
	if address.Port() != "" {
		port, err := strconv.Atoi(address.Port())
		if err != nil || port < 1 || port > 65535 {
			return nil, errors.New("the mail server's address has no valid port")
		}
		s.port = port
	}
	if (demandTLS || s.username != "") && !loopback(s.host) {
		// An attacker in between could hide that STARTTLS is offered and be given the password, or the links in the mail.
		s.policy = gomail.TLSMandatory
	}
	s.tls = &tls.Config{ServerName: s.host, RootCAs: roots, MinVersion: tls.VersionTLS12}
	return s, nil
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// send returns nil once the server has answered for the mail. When ctx ends, the connection is cut.
func (s *SMTP) send(ctx context.Context, from *netmail.Address, p payload) error {
	m, err := compose(from, p)
	if err != nil {
		return err
	}
	if l := s.take(); l != nil {
		if err := s.over(ctx, l, m); !unheard(err) {
			return err
		}
	}
	l, err := s.connect(ctx)
	if err != nil {
		return err
	}
	return s.over(ctx, l, m)
}

func (s *SMTP) dial(ctx context.Context) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	address := net.JoinHostPort(s.host, strconv.Itoa(s.port))
	if s.implicit {
		return (&tls.Dialer{Config: s.tls}).DialContext(ctx, "tcp", address)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

func (s *SMTP) client(conn net.Conn) (*gomail.Client, error) {
	options := []gomail.Option{
		gomail.WithTimeout(talkTimeout), gomail.WithHELO(s.hello), gomail.WithPort(s.port), gomail.WithTLSConfig(s.tls),
		gomail.WithoutNoop(), gomail.WithoutRset(),
		gomail.WithDialContextFunc(func(context.Context, string, string) (net.Conn, error) { return conn, nil }),
	}
	if s.implicit {
		options = append(options, gomail.WithSSL())
	} else {
		options = append(options, gomail.WithTLSPolicy(s.policy))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return nil, fmt.Errorf("setting up the SMTP client: %w", err)
	}
	return client, nil
}

// compose gives the same bytes for the same payload, so that a mail sent twice after a crash is recognized as one.
func compose(from *netmail.Address, p payload) (*gomail.Msg, error) {
	id, _, _ := strings.Cut(p.MessageID, "@")
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithBoundary(id))
	m.FromMailAddress(from)
	if err := m.To(p.To); err != nil {
		return nil, errors.New("the recipient is not one bare address")
	}
	m.Subject(p.Subject)
	m.SetMessageIDWithValue(p.MessageID)
	m.SetDateWithValue(p.Date)
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday answers
	m.SetGenHeader("X-Auto-Response-Suppress", "All")  // the same for Exchange
	m.SetBodyString(gomail.TypeTextPlain, p.Text)      // the plainest part first, RFC 2046 5.1.4
	m.AddAlternativeString(gomail.TypeTextHTML, p.HTML)
	return m, nil
}

// refusal returns the server's code and words where its answer caused err, and otherwise 0 and err's own words.
func refusal(err error) (code int, words string) {
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return answer.Code, fmt.Sprintf("%d %s", answer.Code, answer.Msg)
	}
	var failed *gomail.SendError
	if errors.As(err, &failed) {
		return failed.ErrorCode(), failed.Error()
	}
	return 0, err.Error()
}

// class names what went wrong in words that are safe to log: never the server's own, which may repeat the address.
func class(err error) string {
	code, _ := refusal(err)
	var failed *gomail.SendError
	var certificate *tls.CertificateVerificationError
	var network net.Error
	switch {
	case errors.As(err, &failed) && code != 0:
		return fmt.Sprintf("%s: %d", failed.Reason, code)
	case errors.As(err, &failed):
		return failed.Reason.String()
	case errors.Is(err, errNoLogin):
		return errNoLogin.Error()
	case errors.Is(err, errLogin) && code != 0:
		return fmt.Sprintf("%s: %d", errLogin, code)
	case errors.Is(err, errLogin):
		return errLogin.Error()
	case code != 0:
		return fmt.Sprintf("greeting the server: %d", code)
	case errors.As(err, &certificate):
		return "the server's certificate cannot be verified"
	case errors.As(err, &network) && network.Timeout():
		return "the server did not answer in time"
	case errors.As(err, &network):
		return "the server cannot be reached"
	}
	return "greeting the server"
}
