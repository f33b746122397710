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

// What was answered is mailed, even by the next process.
func TestAKilledProcessLosesNoMail(t *testing.T) {
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	resume := mailbox.Stall()
	s := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	if status, _ := s.post("/register", registration); status != 200 {
		t.Fatalf("with a mail server that does not answer, signing up answers %d", status)
	}
	s.kill(syscall.SIGKILL)
	resume()
	// The killed process holds its lease for some minutes more.
	again := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	hasten(t, dir)
	if mail := mailbox.Next(t, "ada@example.com"); !strings.Contains(mail.Link, "/email/confirm?token=") {
		t.Errorf("the mail links to %s", mail.Link)
	}
	again.kill(syscall.SIGTERM)
}

func TestAStoppedProcessHandsItsMailBack(t *testing.T) {
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
		t.Errorf("the exit status is %d:\n%s", status, s.output)
	}
	resume()
	again := start(t, dir, "SMTP_URL="+mailbox.URL().String())
	mailbox.Next(t, "ada@example.com") // whose patience is shorter than a lease
	again.kill(syscall.SIGTERM)
}

// Requests that run when the stop comes are answered, and the exit is clean.
func TestAStopLetsRequestsFinish(t *testing.T) {
	s := start(t, t.TempDir())
	finish := []func(url.Values) int{s.begins("/login"), s.begins("/login"), s.begins("/login"), s.begins("/login")}
	s.cmd.Process.Signal(syscall.SIGTERM)
	s.turnsAway()
	for _, finish := range finish {
		if status := finish(url.Values{"email": {"a@example.com"}, "password": {"wrong wrong wrong"}}); status != http.StatusUnprocessableEntity {
			t.Errorf("a request under way was answered %d", status)
		}
	}
	if status := s.kill(syscall.SIGTERM); status != 0 {
		t.Errorf("the exit status is %d:\n%s", status, s.output)
	}
}

// begins sends a form without what is in it, and returns once the server waits for that. finish sends it, and returns the answer's status.
func (s *server) begins(path string) (finish func(url.Values) int) {
	s.t.Helper()
	awaited, answered := make(chan bool), make(chan int, 1)
	body, rest := io.Pipe()
	ctx := httptrace.WithClientTrace(s.t.Context(), &httptrace.ClientTrace{Got100Continue: func() { close(awaited) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url+path, body)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {s.url}, "Expect": {"100-continue"}}
	go func() {
		answer, err := (&http.Transport{ExpectContinueTimeout: time.Minute}).RoundTrip(r)
		if err != nil {
			s.t.Errorf("a request under way got no answer: %v", err)
			answered <- 0
			return
		}
		answer.Body.Close()
		answered <- answer.StatusCode
	}()
	select {
	case <-awaited:
	case <-time.After(20 * time.Second):
		s.t.Fatalf("the server does not ask for the rest of a form:\n%s", s.output)
	}
	return func(form url.Values) int {
		go func() {
			io.WriteString(rest, form.Encode()) // that it fails shows in the answer
			rest.Close()
		}()
		return <-answered
	}
}

// turnsAway returns once the server takes nobody new. Who gets in while it stops is waited for, so it is asked late.
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
	s.t.Fatalf("the server still takes visitors:\n%s", s.output)
}

// hasten makes waiting mail due at once.
func hasten(t *testing.T, dir string) {
	t.Helper()
	db, err := models.Open(databaseURL(t, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	if err := db.Exec("UPDATE outbox SET run_at = created_at").Error; err != nil {
		t.Fatal(err)
	}
}
