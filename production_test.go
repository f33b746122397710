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

// complete is all that production needs.
func complete(dir string) []string {
	return []string{"APP_ENV=production", "APP_URL=https://app.example.com", "DATABASE_URL=sqlite:" + filepath.Join(dir, "app.db"),
		"SECRET_KEY=3f9c1a7be2d8460599b1c2d3e4f5a6b7", "SMTP_URL=smtps://user:pass@mail.example.com:465", "MAIL_FROM=Acme <hello@example.com>", "TRUSTED_PROXIES=none"}
}

// Item 69: a header of any size is not read to its end.
func TestItem69AHugeHeaderIsRefused(t *testing.T) {
	s := start(t, t.TempDir())
	r, err := http.NewRequest(http.MethodGet, s.url+"/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	for size, want := range map[int]int{16 << 10: http.StatusOK, 64 << 10: http.StatusRequestHeaderFieldsTooLarge} {
		r.Header.Set("X-Filler", strings.Repeat("x", size))
		answer, err := s.client.Do(r)
		if status, _ := s.read(answer, err); status != want {
			t.Errorf("%d bytes are answered %d", size, status)
		}
	}
}

// inProduction is the program in production, and who has just signed up there.
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
		t.Fatalf("signing up answers %d:\n%s", answer.StatusCode, s.output)
	}
	return s
}

// Item 68: what was sent opens an account, and does not stay in the database.
func TestItem68InProductionMailIsWipedOnceItIsSent(t *testing.T) {
	mailbox, dir := mailtest.NewServer(t), t.TempDir()
	inProduction(t, dir, mailbox.URL().String())
	mailbox.Next(t, "ada@example.com")
	db, err := models.Open("sqlite:" + filepath.Join(dir, "app.db"))
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
		t.Errorf("%d bytes of it are kept", len(row.Payload))
	}
}

// Item 70: on the way to another machine, without a password as well.
func TestItem70InProductionNoMailGoesInClear(t *testing.T) {
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
			t.Fatal("nobody calls")
		}
		if strings.HasPrefix(line, "MAIL") {
			t.Fatalf("it goes on in clear: %s", line)
		}
	}
}

// awayFromHome listens at an address of this machine that is none of its own to itself.
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
	t.Skip("this machine has no address but that of itself to itself")
	return nil
}

func TestAFullDiskIsAnErrorPageAndNotTheEnd(t *testing.T) {
	if _, err := exec.LookPath("prlimit"); err != nil && os.Getenv("CI") != "true" {
		t.Skip("this story needs prlimit, of util-linux, to limit the size of files")
	}
	s := start(t, t.TempDir(), "DATABASE_URL=") // SQLite, whose files are its own
	full := func(size string) {
		if out, err := exec.Command("prlimit", "--pid", fmt.Sprint(s.cmd.Process.Pid), "--fsize="+size).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	full("1:unlimited")
	if status, _ := s.post("/register", registration); status < 500 {
		t.Errorf("with no room on the disk, signing up answers %d", status)
	}
	if status, _ := s.get("/login"); status != 200 {
		t.Errorf("with no room on the disk, the login page answers %d", status)
	}
	full("unlimited:unlimited")
	if status, body := s.post("/register", registration); status != 200 || !strings.Contains(body, "Check your mail") {
		t.Errorf("with room again, signing up answers %d", status)
	}
}
