package mail

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// keptFor is how long a line waits for the next mail: connecting, TLS and login cost both ends more than a mail does.
const keptFor = 2 * time.Second

// line is a connection to the mail server on which it may be given mail.
type line struct {
	conn    net.Conn
	client  *gomail.Client
	session *smtp.Client
	ending  *time.Timer
}

// connect returns a line whose server has greeted, and known the user if there is one. When ctx ends, the connection is cut.
func (s *SMTP) connect(ctx context.Context) (*line, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	// go-mail leaves the connection open when the greeting or the login fails, and does not watch ctx while it talks.
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	client, err := s.client(conn)
	if err != nil {
		conn.Close()
		return nil, err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("greeting: %w", err)
	}
	if err := s.login(session); err != nil {
		conn.Close()
		return nil, err
	}
	return &line{conn: conn, client: client, session: session}, nil
}

// over returns nil once the server has answered for the mail, and keeps the line if nothing is wrong with it. When ctx ends, it is cut.
func (s *SMTP) over(ctx context.Context, l *line, m *gomail.Msg) error {
	whole := context.AfterFunc(ctx, func() { l.conn.Close() })
	err := l.client.SendWithSMTPClient(l.session, m)
	if whole() && err == nil {
		s.keep(l)
	} else {
		l.conn.Close()
	}
	if m.IsDelivered() {
		return nil // the server has the mail: nothing that follows may cause a second copy
	}
	return err
}

// unheard says whether a mail failed because its line was no more, before any of it was handed over: servers end a line that was
// quiet, or that has brought them enough (421, RFC 5321 3.8), as they please.
func unheard(err error) bool {
	var failed *gomail.SendError
	if !errors.As(err, &failed) || failed.ErrorCode() != 0 && failed.ErrorCode() != 421 {
		return false
	}
	switch failed.Reason {
	case gomail.ErrConnCheck, gomail.ErrSMTPMailFrom, gomail.ErrSMTPRcptTo, gomail.ErrSMTPData:
		return true
	}
	return false
}

func (s *SMTP) keep(l *line) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.kept = append(s.kept, l)
	l.ending = time.AfterFunc(keptFor, func() {
		if s.forget(l) {
			l.hangUp()
		}
	})
}

// take returns the kept line that has waited least, for the caller alone; nil where there is none.
func (s *SMTP) take() *line {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if len(s.kept) == 0 {
		return nil
	}
	last := len(s.kept) - 1
	l := s.kept[last]
	s.kept = s.kept[:last]
	l.ending.Stop()
	return l
}

// forget says whether the line was still kept.
func (s *SMTP) forget(l *line) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	at := slices.Index(s.kept, l)
	if at >= 0 {
		s.kept = slices.Delete(s.kept, at, at+1)
	}
	return at >= 0
}

// rest ends what is kept.
func (s *SMTP) rest() {
	for l := s.take(); l != nil; l = s.take() {
		l.hangUp()
	}
}

// hangUp says goodbye. Whether the server likes it matters to nobody.
func (l *line) hangUp() {
	defer l.conn.Close()
	_ = l.conn.SetDeadline(time.Now().Add(time.Second))
	_ = l.session.Quit()
}
