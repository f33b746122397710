package mail

import (
	"context"
	"errors"
	"testing"

	"gorm.io/gorm"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
)

func (o *office) list(limit int) []QueuedMessage {
	o.t.Helper()
	messages, err := o.List(context.Background(), limit)
	if err != nil {
		o.t.Fatal(err)
	}
	return messages
}

func TestTheDevelopmentMailboxShowsWhatWasSent(t *testing.T) {
	o := newOffice(t, nil)
	m := reset("ada@example.com")
	m.Life, m.Replaces = 0, false // which are for the queue
	o.post(m)
	if got := o.list(10); len(got) != 1 || got[0].State != Waiting {
		t.Fatalf("before the worker: %+v", got)
	}
	o.work()
	o.until("sent", sent)
	got := o.list(10)
	if len(got) != 1 || got[0].Message != m || got[0].State != Sent || got[0].Attempts != 1 || got[0].DoneAt == nil {
		t.Errorf("it shows %+v", got)
	}
	one, err := o.Find(context.Background(), got[0].ID)
	if err != nil || one.Message != m || !one.CreatedAt.Equal(o.clock.now()) {
		t.Errorf("one mail is %+v: %v", one, err)
	}
	lacks(t, o.log.String(), "ada@example.com")
}

func TestTheDevelopmentMailboxHidesDecoys(t *testing.T) {
	o := newOffice(t, nil)
	for range 5 {
		if err := o.EnqueueDecoy(o.db, reset("eve@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	decoy := o.rows()[0].ID
	o.post(reset("ada@example.com"))
	for range 3 {
		if err := o.EnqueueDecoy(o.db, reset("eve@example.com")); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when string) {
		if got := o.list(2); len(got) != 1 || got[0].To != "ada@example.com" {
			t.Errorf("%s it shows %+v", when, got)
		}
		if _, err := o.Find(context.Background(), decoy); !errors.Is(err, gorm.ErrRecordNotFound) {
			t.Errorf("%s a decoy is found: %v", when, err)
		}
	}
	check("before the worker")
	o.work()
	o.waitFor("everything done", func(rows []models.OutboxMail) bool {
		for _, row := range rows {
			if row.DoneAt == nil {
				return false
			}
		}
		return true
	})
	check("after the worker")
}

func TestTheDevelopmentMailboxIsNewestFirstAndLimited(t *testing.T) {
	o := newOffice(t, nil)
	for _, to := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		o.post(reset(to))
		o.clock.move(1e9)
	}
	if got := o.list(2); len(got) != 2 || got[0].To != "c@example.com" || got[1].To != "b@example.com" {
		t.Errorf("it shows %+v", got)
	}
	if got := o.list(0); len(got) != 0 {
		t.Errorf("none was asked for: %+v", got)
	}
}

func TestTheDevelopmentMailboxTellsWhyMailWasParked(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.server.Refuse(550)
	o.work()
	o.post(reset("ada@example.com"))
	o.until("parked", failed)
	got := o.list(10)
	if len(got) != 1 || got[0].State != Failed || got[0].To != "ada@example.com" || got[0].FailedAt == nil {
		t.Fatalf("it shows %+v", got)
	}
	contains(t, got[0].LastError, "550")
}

func TestTheDevelopmentMailboxShowsMailThatCannotBeOpened(t *testing.T) {
	o := newOffice(t, nil)
	o.post(reset("ada@example.com"))
	o.db.Model(&models.OutboxMail{}).Where("1 = 1").Update("payload", []byte("spoiled"))
	if got := o.list(1); len(got) != 1 || got[0].Subject != "" || got[0].LastError == "" {
		t.Errorf("it shows %+v", got)
	}
}

func TestMailSentInDevelopmentThroughAServerStaysReadable(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.keepSent = true
	o.work()
	o.post(reset("ada@example.com"))
	o.until("sent", sent)
	if got := o.list(1); len(got) != 1 || got[0].To != "ada@example.com" || got[0].State != Sent {
		t.Errorf("it shows %+v", got)
	}
}

func TestAnUnknownMailIsNotFound(t *testing.T) {
	if _, err := newOffice(t, nil).Find(context.Background(), "2 or 1=1"); !errors.Is(err, gorm.ErrRecordNotFound) {
		t.Error(err)
	}
}
