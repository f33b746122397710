package mail

import (
	"bufio"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

// The test binary runs itself again as a process to be killed; these variables say as which.
const (
	childDatabase = "MAIL_TEST_CHILD_DATABASE"
	childSMTP     = "MAIL_TEST_CHILD_SMTP"
)

// TestChild is no test but such a process: it commits mail for ever, or, given a mail server, sends.
func TestChild(t *testing.T) {
	if os.Getenv(childDatabase) == "" {
		t.Skip("this is the process that other tests kill")
	}
	db, err := models.Open(os.Getenv(childDatabase), models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	o := openOffice(t, db, nil, newClock(), keyA)
	if address := os.Getenv(childSMTP); address != "" {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if o.smtp, err = NewSMTP(u, "app.example.com", nil, false); err != nil {
			t.Fatal(err)
		}
		o.work()
		select {}
	}
	for n := 0; ; n++ {
		to := fmt.Sprintf("n%d@example.com", n)
		o.post(reset(to))
		fmt.Println(to) // the answer that a request would get
	}
}

func startChild(t *testing.T, environment ...string) (process *exec.Cmd, output *bufio.Scanner) {
	t.Helper()
	process = exec.Command(os.Args[0], "-test.run=^TestChild$")
	process.Env = append(os.Environ(), environment...)
	pipe, err := process.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.Process.Kill(); process.Wait() })
	return process, bufio.NewScanner(pipe)
}

func TestAKilledProcessLosesNoMailThatItAnsweredFor(t *testing.T) {
	url := modelstest.URL(t)
	child, output := startChild(t, childDatabase+"="+url)
	var answered []string
	for output.Scan() {
		answered = append(answered, output.Text())
		if len(answered) == 50 {
			child.Process.Kill() // SIGKILL; what it still manages to write counts too
		}
	}
	if len(answered) < 50 {
		t.Fatalf("the process answered %d times: %q", len(answered), answered)
	}
	if !slices.Contains(answered, "n49@example.com") {
		t.Fatalf("the process answered %q", answered)
	}

	db, err := models.Open(url, models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close(db) })
	o := openOffice(t, db, mailtest.NewServer(t), newClock(), keyA)
	o.work()
	o.waitFor("everything sent", func(rows []models.OutboxMail) bool {
		return !slices.ContainsFunc(rows, func(row models.OutboxMail) bool { return row.DoneAt == nil })
	})
	for _, to := range answered {
		if got := o.server.To(to); len(got) != 1 {
			t.Errorf("%d mails to %s arrived", len(got), to)
		}
	}
}

func TestAMailHeldByAKilledProcessIsSentWhenItsLeaseEnds(t *testing.T) {
	url, server := modelstest.URL(t), mailtest.NewServer(t)
	db, err := models.Open(url, models.Tables())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { models.Close(db) })
	o := openOffice(t, db, server, newClock(), keyA)
	o.post(reset("ada@example.com"))
	resume := server.Stall()
	defer resume()
	child, _ := startChild(t, childDatabase+"="+url, childSMTP+"="+server.URL().String())
	o.until("claimed", func(row models.OutboxMail) bool { return row.Attempts == 1 })
	child.Process.Kill()
	child.Wait()

	o.work()
	o.post(reset("bob@example.com"))
	o.waitFor("looked at", func(rows []models.OutboxMail) bool { return rows[1].Attempts == 1 })
	if o.rows()[0].Attempts != 1 {
		t.Error("the mail was taken from a process that might have been alive")
	}
	resume()
	o.clock.move(lease + time.Second)
	o.waitFor("everything sent", func(rows []models.OutboxMail) bool {
		return rows[0].DoneAt != nil && rows[1].DoneAt != nil
	})
	if len(server.To("ada@example.com")) == 0 {
		t.Error("the mail did not arrive")
	}
}
