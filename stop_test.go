package main

import (
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

// A mail that a response has promised is sent, if need be by the next process.
func TestServe_LosesNoMailWhenItIsKilled(t *testing.T) {
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	resume := mailbox.Stall()
	s := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	if status, _ := s.post("/register", registration); status != 200 {
		t.Fatalf("got status %d from signing up with a mail server that does not answer, want 200", status)
	}
	s.kill(syscall.SIGKILL)
	resume()
	// The killed process holds its lease for some minutes more.
	again := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	hasten(t, dir)
	if mail := mailbox.Next(t, "ada@example.com"); !strings.Contains(mail.Link, "/email/confirm?token=") {
		t.Errorf("the mail links to %s, want a confirmation", mail.Link)
	}
	again.kill(syscall.SIGTERM)
}

func TestServe_ReturnsItsMailToTheQueueWhenItStops(t *testing.T) {
	t.Parallel()
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	resume := mailbox.Stall()
	defer resume()
	s := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	s.post("/register", registration)
	for range 1000 {
		if mailbox.Connections() > 0 {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	if status := s.kill(syscall.SIGTERM); status != 0 || !strings.Contains(s.output.String(), "mail handed back") {
		t.Errorf("got exit status %d and\n%s\nwant 0 and that mail is handed back", status, s.output)
	}
	resume()
	again := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	mailbox.Next(t, "ada@example.com") // which waits less than a lease
	again.kill(syscall.SIGTERM)
}

func TestServe_AnswersRequestsUnderWayBeforeItStops(t *testing.T) {
	s := start(t, t.TempDir())
	finish := []func(url.Values) int{s.begins("/login"), s.begins("/login"), s.begins("/login"), s.begins("/login")}
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.turnsAway()
	for _, finish := range finish {
		status := finish(url.Values{"email": {"a@example.com"}, "password": {"wrong wrong wrong"}})
		if status != http.StatusUnprocessableEntity {
			t.Errorf("got status %d for a request under way, want 422", status)
		}
	}
	if status := s.kill(syscall.SIGTERM); status != 0 {
		t.Errorf("got exit status %d, want 0:\n%s", status, s.output)
	}
}

// begins sends the header of a form and returns once the server waits for the
// body. finish sends the body and returns the status of the response.
func (s *server) begins(path string) (finish func(url.Values) int) {
	s.t.Helper()
	awaited, answered := make(chan bool), make(chan int, 1)
	body, rest := io.Pipe()
	ctx := httptrace.WithClientTrace(s.t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(awaited) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = http.Header{
		"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {s.url}, "Expect": {"100-continue"},
	}
	go func() {
		answer, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(r)
		if err != nil {
			s.t.Errorf("a request under way got no response: %v", err)
			answered <- 0
			return
		}
		answer.Body.Close()
		answered <- answer.StatusCode
	}()
	select {
	case <-awaited:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the server does not ask for the body of a form:\n%s", s.output)
	}
	return func(form url.Values) int {
		go func() {
			io.WriteString(rest, form.Encode()) // an error shows in the response
			rest.Close()
		}()
		return <-answered
	}
}

// turnsAway returns once the server accepts no connection. The server waits for a
// connection that it has accepted, so turnsAway tries only after it is stopping.
func (s *server) turnsAway() {
	s.t.Helper()
	for range 1000 {
		if strings.Contains(s.output.String(), "stopping") {
			open, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
			if err != nil {
				return
			}
			open.Close()
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("the server still accepts connections:\n%s", s.output)
}

// hasten makes waiting mail due at once.
func hasten(t *testing.T, dir string) {
	t.Helper()
	db, err := models.Open(databaseURL(t, dir), models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	if err := db.Exec("UPDATE outbox SET run_at = created_at").Error; err != nil {
		t.Fatal(err)
	}
}
