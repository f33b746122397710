package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

// complete returns every setting that production needs.
func complete(dir string) []string {
	return []string{
		"APP_ENV=production", "APP_URL=https://app.example.com", "DATABASE_URL=sqlite:" + filepath.Join(dir, "app.db"),
		"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7", "SMTP_URL=smtps://user:pass@mail.example.com:465",
		"MAIL_FROM=Acme <hello@example.com>", "TRUSTED_PROXIES=none",
	}
}

// ASVS 5.0 V15.2.2: the server does not read a header of any size to its end.
func TestServe_RefusesAHugeHeader(t *testing.T) {
	s := start(t, t.TempDir())
	r, err := http.NewRequest(http.MethodGet, s.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{16 << 10: http.StatusOK, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r.Header.Set("X-Filler", strings.Repeat("x", size))
		answer, err := s.client.Do(r)
		if status, _ := s.read(answer, err); status != want {
			t.Errorf("%d bytes: got status %d, want %d", size, status, want)
		}
	}
}

// inProduction starts the program in production, where a user signs up.
func inProduction(t *testing.T, dir, smtp string) *server {
	t.Helper()
	s := start(t, dir, append(complete(dir), "SMTP_URL="+smtp)...)
	r, err := http.NewRequest(http.MethodPost, s.url+"/register", strings.NewReader(registration.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "app.example.com"
	r.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}, "Origin": {"https://app.example.com"}}
	answer, err := (&http.Transport{}).RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusSeeOther {
		t.Fatalf("got status %d from signing up, want 303:\n%s", answer.StatusCode, s.output)
	}
	return s
}

// ASVS 5.0 V14.2.7: a link in a mail opens an account, so the mail does not stay in
// the database.
func TestMail_IsErasedInProductionOnceItIsSent(t *testing.T) {
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	inProduction(t, dir, mailbox.URL().String())
	mailbox.Next(t, "ada@example.com")
	db, err := models.Open("sqlite:"+filepath.Join(dir, "app.db"), models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	defer models.Close(db)
	var row models.OutboxMail
	for row.DoneAt == nil {
		if err := db.Take(&row).Error; err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	if len(row.Payload) != 0 {
		t.Errorf("%d bytes of the mail are left, want none", len(row.Payload))
	}
}

// ASVS 5.0 V12.3.1: mail to another machine is encrypted, even without a password.
func TestMail_IsNotSentInClearInProduction(t *testing.T) {
	elsewhere := awayFromHome(t)
	defer elsewhere.Close()
	said := make(chan string, 100)
	go func() {
		for {
			client, err := elsewhere.Accept()
			if err != nil {
				return
			}
			fmt.Fprint(client, "220 mail.example.com\r\n")
			lines := bufio.NewScanner(client)
			for lines.Scan() {
				said <- lines.Text()
				fmt.Fprint(client, "250 ok\r\n") // no STARTTLS is offered
			}
			said <- "hung up"
		}
	}()
	inProduction(t, t.TempDir(), "smtp://"+elsewhere.Addr().String())
	for line := ""; line != "hung up"; {
		select {
		case line = <-said:
		case <-time.After(20 * time.Second):
			t.Fatal("the program does not connect to the mail server")
		}
		if strings.HasPrefix(line, "MAIL") {
			t.Fatalf("got %s without encryption, want the connection closed", line)
		}
	}
}

// awayFromHome listens at an address of this machine that is not a loopback
// address, so that it counts as another machine.
func awayFromHome(t *testing.T) net.Listener {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, address := range addresses {
		if n, ok := address.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			listener, err := net.Listen("tcp", net.JoinHostPort(n.IP.String(), "0"))
			if err != nil {
				t.Fatal(err)
			}
			return listener
		}
	}
	t.Skip("this test needs a network interface besides loopback")
	return nil
}

func TestServe_SurvivesAFullDisk(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("this test needs prlimit; install util-linux")
	}
	s := start(t, t.TempDir(), "DATABASE_URL=") // SQLite, whose files are its own
	full := func(size string) {
		limit := exec.Command("prlimit", "--pid", fmt.Sprint(s.cmd.Process.Pid), "--fsize="+size)
		if out, err := limit.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	full("1:unlimited")
	if status, _ := s.post("/register", registration); status < 500 {
		t.Errorf("got status %d from signing up on a full disk, want 500 or more", status)
	}
	if status, _ := s.get("/login"); status != 200 {
		t.Errorf("got status %d from the login page on a full disk, want 200", status)
	}
	full("unlimited:unlimited")
	if status, body := s.post("/register", registration); status != 200 || !strings.Contains(body, "Check your mail") {
		t.Errorf("got status %d from signing up once there is room again, want 200", status)
	}
}
