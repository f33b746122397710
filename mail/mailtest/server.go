// Package mailtest runs a real SMTP server inside a test and reads what it is sent.
package mailtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Feature is something a server offers beyond plain SMTP.
type Feature int

const (
	StartTLS    Feature = iota // offers STARTTLS with a certificate that Roots verifies
	ImplicitTLS                // speaks TLS from the first byte
	Auth                       // demands Username and Password
	AuthInTLS                  // with Auth: offers it after STARTTLS alone
)

// What a server with Auth demands. The password has characters that a URL must escape.
const (
	Username = "postmaster"
	Password = "p@ss:w/rd?"
)

// patience is how long Wait and Next hope for mail.
const patience = 15 * time.Second

// Server is an SMTP server on 127.0.0.1 that keeps what it accepts. Its methods may be called from any goroutine; those that
// take a testing.TB fail that test.
type Server struct {
	address     string
	features    []Feature
	certificate tls.Certificate
	roots       *x509.CertPool

	mutex    sync.Mutex
	arrived  *sync.Cond
	server   *smtp.Server
	calls    *calls
	messages []Message
	read     map[string]int // how many messages to an address Next has returned
	refusals []error        // for the next recipients
	deaths   int            // how many more mails to keep without telling the client so
	stalled  chan struct{}
	slow     string // the only recipient that is stalled, "" for all
	attempts int
	open     int
	clear    bool // a password came over a connection without TLS
}

// NewServer starts a server that stops with the test.
func NewServer(t testing.TB, features ...Feature) *Server {
	t.Helper()
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("starting the mail server: %v", err)
	}
	s := &Server{features: features, address: port.Addr().String(), read: map[string]int{}}
	s.arrived = sync.NewCond(&s.mutex)
	if err := s.makeCertificate(); err != nil {
		t.Fatalf("making the mail server's certificate: %v", err)
	}
	s.Start()
	go s.answer(port)
	t.Cleanup(func() {
		s.Stop()
		port.Close()
	})
	return s
}

// answer hands connections to the server, and hangs up while there is none. The port is kept all the time: a stopped server's
// would be given to the next test that asks for one.
func (s *Server) answer(port net.Listener) {
	for {
		conn, err := port.Accept()
		if err != nil {
			return
		}
		s.mutex.Lock()
		calls := s.calls
		s.mutex.Unlock()
		if !calls.take(conn) {
			conn.Close()
		}
	}
}

// calls is the listener of one start of the server.
type calls struct {
	conns chan net.Conn
	ended chan struct{}
	end   func()
}

func (c *calls) take(conn net.Conn) bool {
	select {
	case <-c.ended:
		return false
	default:
	}
	select {
	case c.conns <- conn:
		return true
	case <-c.ended:
		return false
	}
}

func (c *calls) Accept() (net.Conn, error) {
	select {
	case conn := <-c.conns:
		return conn, nil
	case <-c.ended:
		return nil, net.ErrClosed
	}
}

func (c *calls) Close() error {
	c.end()
	return nil
}

func (c *calls) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// Start makes a stopped server answer again.
func (s *Server) Start() {
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		s.mutex.Lock()
		s.attempts++
		s.open++
		s.mutex.Unlock()
		return &session{server: s, conn: c}, nil
	}))
	server.Domain = "localhost"
	// A client that would send a password in clear is caught doing it.
	server.AllowInsecureAuth = !slices.Contains(s.features, AuthInTLS)
	server.ErrorLog = log.New(io.Discard, "", 0)
	if slices.Contains(s.features, StartTLS) {
		server.TLSConfig = s.tlsConfig()
	}
	ended := make(chan struct{})
	incoming := &calls{conns: make(chan net.Conn), ended: ended, end: sync.OnceFunc(func() { close(ended) })}
	s.mutex.Lock()
	s.server, s.calls = server, incoming
	s.mutex.Unlock()
	var listener net.Listener = incoming
	if slices.Contains(s.features, ImplicitTLS) {
		listener = tls.NewListener(listener, s.tlsConfig())
	}
	go server.Serve(listener)
}

// Stop hangs up on everybody, those who call from now on included.
func (s *Server) Stop() {
	s.mutex.Lock()
	server, incoming := s.server, s.calls
	s.mutex.Unlock()
	incoming.Close() // also where the server has not begun to listen yet
	server.Close()
}

// URL is the server's SMTP_URL, with the user and password if it demands them.
func (s *Server) URL() *url.URL {
	u := &url.URL{Scheme: "smtp", Host: s.address}
	if slices.Contains(s.features, ImplicitTLS) {
		u.Scheme = "smtps"
	}
	if slices.Contains(s.features, Auth) {
		u.User = url.UserPassword(Username, Password)
	}
	return u
}

// Roots verifies the server's certificate, which is good for 127.0.0.1 and localhost.
func (s *Server) Roots() *x509.CertPool { return s.roots }

// Refuse answers the next recipients with these SMTP codes, one each: 450 for later, 550 for never.
func (s *Server) Refuse(codes ...int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for _, code := range codes {
		s.refusals = append(s.refusals, &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{code / 100, 1, 1}})
	}
}

// DieAfterData keeps the next n mails but cuts the connection instead of saying so.
func (s *Server) DieAfterData(n int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.deaths = n
}

// Stall keeps every mail from being answered for until the returned function is called.
func (s *Server) Stall() (resume func()) { return s.StallFor("") }

// StallFor does what Stall does for the mail to one recipient.
func (s *Server) StallFor(address string) (resume func()) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	stalled := make(chan struct{})
	s.stalled, s.slow = stalled, address
	return sync.OnceFunc(func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		s.stalled = nil
		close(stalled)
	})
}

// Connections is how many clients have introduced themselves.
func (s *Server) Connections() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.attempts
}

// Open is how many of them have not hung up.
func (s *Server) Open() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.open
}

// PasswordInClear reports whether a client has sent a password without TLS.
func (s *Server) PasswordInClear() bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.clear
}

// Messages are all mails accepted so far, in the order of their arrival.
func (s *Server) Messages() []Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.messages)
}

// Wait returns all mails once at least n have arrived.
func (s *Server) Wait(t testing.TB, n int) []Message {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if !s.await(func() bool { return len(s.messages) >= n }) {
		t.Fatalf("%d mails arrived, not %d", len(s.messages), n)
	}
	return slices.Clone(s.messages)
}

// Next returns the first mail to an address that Next has not returned before, once it has arrived.
func (s *Server) Next(t testing.TB, to string) Message {
	t.Helper()
	s.mutex.Lock()
	defer s.mutex.Unlock()
	var next Message
	found := s.await(func() bool {
		mails := s.to(to)
		if len(mails) <= s.read[to] {
			return false
		}
		next = mails[s.read[to]]
		s.read[to]++
		return true
	})
	if !found {
		t.Fatalf("no further mail to %s arrived", to)
	}
	if next.err != nil {
		t.Fatalf("the mail to %s cannot be read: %v\n%s", to, next.err, next.Raw)
	}
	return next
}

// To are the mails to an address so far.
func (s *Server) To(address string) []Message {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.to(address)
}

func (s *Server) to(address string) []Message {
	var mails []Message
	for _, m := range s.messages {
		if slices.ContainsFunc(m.Recipients, func(r string) bool { return strings.EqualFold(r, address) }) {
			mails = append(mails, m)
		}
	}
	return mails
}

// await is called with the mutex held, which condition may rely on.
func (s *Server) await(condition func() bool) bool {
	late := false
	timer := time.AfterFunc(patience, func() {
		s.mutex.Lock()
		defer s.mutex.Unlock()
		late = true
		s.arrived.Broadcast()
	})
	defer timer.Stop()
	for !condition() {
		if late {
			return false
		}
		s.arrived.Wait()
	}
	return true
}

func (s *Server) tlsConfig() *tls.Config {
	return &tls.Config{Certificates: []tls.Certificate{s.certificate}, MinVersion: tls.VersionTLS12}
}

func (s *Server) makeCertificate() error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "mailtest"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:              []string{"localhost"},
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		return err
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	s.certificate = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	s.roots = x509.NewCertPool()
	s.roots.AddCert(leaf)
	return nil
}

type session struct {
	server     *Server
	conn       *smtp.Conn
	known      bool
	from       string
	recipients []string
}

func (c *session) AuthMechanisms() []string {
	if slices.Contains(c.server.features, Auth) {
		return []string{sasl.Plain}
	}
	return nil
}

func (c *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, username, password string) error {
		if _, secure := c.conn.TLSConnectionState(); !secure {
			c.server.mutex.Lock()
			c.server.clear = true
			c.server.mutex.Unlock()
		}
		if username != Username || password != Password {
			return smtp.ErrAuthFailed
		}
		c.known = true
		return nil
	}), nil
}

func (c *session) Mail(from string, _ *smtp.MailOptions) error {
	if slices.Contains(c.server.features, Auth) && !c.known {
		return smtp.ErrAuthRequired
	}
	c.from = from
	return nil
}

func (c *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	c.server.mutex.Lock()
	defer c.server.mutex.Unlock()
	if len(c.server.refusals) > 0 {
		refusal := *c.server.refusals[0].(*smtp.SMTPError)
		c.server.refusals = c.server.refusals[1:]
		refusal.Message = "<" + strings.ToUpper(to) + "> is not taking mail"
		return &refusal
	}
	c.recipients = append(c.recipients, to)
	return nil
}

func (c *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s := c.server
	s.mutex.Lock()
	stalled := s.stalled
	if s.slow != "" && !slices.Contains(c.recipients, s.slow) {
		stalled = nil
	}
	s.mutex.Unlock()
	if stalled != nil {
		<-stalled
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_, encrypted := c.conn.TLSConnectionState()
	s.messages = append(s.messages, parse(c.from, c.recipients, encrypted, raw))
	s.arrived.Broadcast()
	if s.deaths > 0 {
		s.deaths--
		c.conn.Conn().Close()
		return errors.New("the server has died")
	}
	return nil
}

func (c *session) Reset() { c.from, c.recipients = "", nil }

func (c *session) Logout() error {
	c.server.mutex.Lock()
	defer c.server.mutex.Unlock()
	c.server.open--
	return nil
}
