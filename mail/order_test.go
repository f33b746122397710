package mail

import (
	"fmt"
	"testing"
	"time"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

func alertTo(to string) Message {
	return messages.NewDevice(to, seen("192.0.2.7", "Firefox on Linux"))
}

func signUp(to string) Message { return messages.ConfirmAddress(to, "token", 24*time.Hour) }

// A newer link to reset voids the older ones, so their mails aren't sent.
func TestOutbox_WithdrawsMailThatANewerOneVoids(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	for range 3 {
		o.post(reset("ada@example.com"), reset("bob@example.com"), signUp("ada@example.com"))
	}
	o.work()
	o.server.Wait(t, 5)
	o.waitFor("everything done", func(rows []models.OutboxMail) bool { return len(rows) == 5 })
	if a, b := len(o.server.To("ada@example.com")), len(o.server.To("bob@example.com")); a != 4 || b != 1 {
		t.Errorf("%d mails came to ada and %d to bob, want 4 and 1", a, b)
	}
}

// What expires first is sent first: a link that works for half an hour doesn't
// wait behind a thousand alerts, which are of use for a week.
func TestOutbox_SendsWhatExpiresFirstFirst(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	for n := range 20 {
		o.post(alertTo(fmt.Sprintf("user%d@example.com", n)))
	}
	o.clock.move(time.Second)
	o.post(reset("ada@example.com"))
	held := inHand{}
	var kinds []string
	for range 3 {
		row, err := o.claim(t.Context(), held)
		if err != nil || row == nil {
			t.Fatal(row, err)
		}
		held[row.ID] = row.RecipientHash
		kinds = append(kinds, row.Kind)
	}
	if kinds[0] != "reset_password" || kinds[1] != "new_device" || kinds[2] != "new_device" {
		t.Errorf("the worker takes %q, want the link first", kinds)
	}
}

func TestOutbox_TakesAtMostTwoMailsForOneRecipientAtATime(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	for range 10 {
		o.post(signUp("ada@example.com"))
	}
	o.post(alertTo("bob@example.com"))
	held := inHand{}
	var kinds []string
	for {
		row, err := o.claim(t.Context(), held)
		if err != nil {
			t.Fatal(err)
		}
		if row == nil {
			break
		}
		held[row.ID] = row.RecipientHash
		kinds = append(kinds, row.Kind)
	}
	if got := fmt.Sprint(kinds); got != "[confirm_address confirm_address new_device]" {
		t.Errorf("the worker takes %s, want two for ada and one for bob", got)
	}
}

// A mailbox that never answers, with a flood of mail to it, holds up nobody
// else's.
func TestOutbox_ASlowMailboxHoldsUpNoOther(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	defer o.server.StallFor("slow@example.com")()
	for range 20 {
		o.post(signUp("slow@example.com"))
	}
	o.work()
	o.waitFor("two in hand", func(rows []models.OutboxMail) bool {
		taken := 0
		for _, row := range rows {
			taken += row.Attempts
		}
		return taken == 2
	})
	o.post(reset("ada@example.com"), alertTo("ada@example.com"), alertTo("bob@example.com"))
	o.server.Next(t, "ada@example.com")
	o.server.Next(t, "ada@example.com")
	o.server.Next(t, "bob@example.com")
	if n := len(o.server.To("slow@example.com")); n != 0 {
		t.Errorf("%d mails came to the slow mailbox", n)
	}
}

func TestOutbox_ReplacesAMailWhileItWaits(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	at := o.clock.now().Add(5 * time.Minute)
	id, err := o.EnqueueAt(o.db, reset("ada@example.com"), at)
	if err != nil {
		t.Fatal(err)
	}
	replace := func(m Message) bool {
		t.Helper()
		replaced, err := o.Replace(o.db, id, m)
		if err != nil {
			t.Fatal(err)
		}
		return replaced
	}
	if replace(alertTo("bob@example.com")) {
		t.Error("a mail was replaced by one to somebody else")
	}
	if !replace(alertTo("ada@example.com")) {
		t.Error("a mail that waits was not replaced")
	}
	o.work()
	o.post(reset("bob@example.com"))
	o.server.Next(t, "bob@example.com")
	if n := len(o.server.To("ada@example.com")); n != 0 {
		t.Errorf("%d mails came before their time", n)
	}
	o.clock.move(5 * time.Minute)
	if replace(reset("ada@example.com")) {
		t.Error("a mail was replaced whose time has come")
	}
	o.Wake()
	contains(t, o.server.Next(t, "ada@example.com").Subject, "New login")
}
