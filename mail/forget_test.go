package mail

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

// forgets calls Forget in a transaction of its own.
func (o *office) forgets(address string) {
	o.t.Helper()
	err := o.db.Transaction(func(tx *gorm.DB) error { return o.Forget(tx, address, o.clock.now()) })
	if err != nil {
		o.t.Fatal(err)
	}
}

// recipients returns to whom the queued mail goes, sorted.
func (o *office) recipients() (to []string) {
	o.t.Helper()
	for _, row := range o.rows() {
		p, err := openPayload(o.keys, row.ID, row.Payload)
		if err != nil {
			o.t.Fatal(err)
		}
		to = append(to, p.To)
	}
	slices.Sort(to)
	return to
}

func TestForget_DeletesMailToOneAddressWrittenBeforeATime(t *testing.T) {
	o := newOffice(t, nil)
	for range 2 {
		o.post(reset("ada@example.com"))
	}
	o.post(reset("eve@example.com"))
	until := o.clock.now()
	o.clock.move(time.Hour)
	o.post(reset("ada@example.com"))
	rotated := openOffice(t, o.db, nil, o.clock, keyB, keyA)
	if err := rotated.Forget(o.db, "ada@example.com", until); err != nil {
		t.Fatal(err)
	}
	if got, want := rotated.recipients(), []string{"ada@example.com", "eve@example.com"}; !slices.Equal(got, want) {
		t.Errorf("got mail to %q, want %q", got, want)
	}
	if rows := o.rows(); !rows[1].CreatedAt.After(until) && !rows[0].CreatedAt.After(until) {
		t.Error("the mail that was written later is gone")
	}
}

// The caller's transaction stays short, however much mail there is.
func TestForget_LeavesMoreThanABatchToTheCleanup(t *testing.T) {
	o := newOffice(t, nil)
	o.post(reset("eve@example.com"))
	o.post(reset("ada@example.com"))
	batch := models.BatchRows(o.db)
	copyMail(o, 3*batch)
	most := o.mostDeleted(func() { o.forgets("ada@example.com") })
	if left := len(o.rows()); left != 1+2*batch+1 || most != int64(batch) {
		t.Errorf("Forget deletes %d mails and leaves %d, want %d and %d", most, left, batch, 1+2*batch+1)
	}
	if most = o.mostDeleted(o.cleansUp); most > int64(batch) {
		t.Errorf("the cleanup deletes %d mails at a time, want %d at most", most, batch)
	}
	if got := o.recipients(); !slices.Equal(got, []string{"eve@example.com"}) {
		t.Errorf("got mail to %d recipients, want Eve's alone", len(got))
	}
	if n := count(o, "outbox_erasures"); n != 0 {
		t.Errorf("%d erasures are left, want 0", n)
	}
}

// Rows that an earlier program wrote have no hash. Some were sent, and some
// cannot be opened.
func TestForget_FindsMailOfAnEarlierProgram(t *testing.T) {
	o := newOffice(t, nil)
	o.post(reset("ada@example.com"))
	o.post(reset("eve@example.com"))
	for _, id := range []string{"sent", "sealed with a lost key"} {
		row := models.OutboxMail{ID: id, Payload: []byte{}, CreatedAt: o.clock.now(), RunAt: o.clock.now(), DoneAt: new(o.clock.now())}
		if id != "sent" {
			row.Payload = []byte(id)
		}
		if err := o.db.Create(&row).Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := o.db.Exec("UPDATE outbox SET recipient_hash = NULL").Error; err != nil {
		t.Fatal(err)
	}
	o.forgets("ada@example.com")
	o.cleansUp()
	if n := count(o, "outbox WHERE recipient_hash IS NULL"); n != 0 {
		t.Errorf("%d rows have no hash, want 0", n)
	}
	if err := o.db.Exec("DELETE FROM outbox WHERE done_at IS NOT NULL").Error; err != nil {
		t.Fatal(err)
	}
	if got := o.recipients(); !slices.Equal(got, []string{"eve@example.com"}) {
		t.Errorf("got mail to %q, want Eve's alone", got)
	}
}

func (o *office) cleansUp() {
	o.t.Helper()
	if _, err := o.Cleanup(context.Background(), o.clock.now().Add(-time.Hour)); err != nil {
		o.t.Fatal(err)
	}
}

// mostDeleted returns how many rows one statement deleted at most during work.
func (o *office) mostDeleted(work func()) (most int64) {
	o.t.Helper()
	const name = "test:most"
	if err := o.db.Callback().Raw().After("gorm:raw").Register(name, func(db *gorm.DB) { most = max(most, db.RowsAffected) }); err != nil {
		o.t.Fatal(err)
	}
	work()
	if err := o.db.Callback().Raw().Remove(name); err != nil {
		o.t.Fatal(err)
	}
	return most
}

// copyMail queues the second mail many times more. The copies cannot be opened,
// since a payload is sealed to its row.
func copyMail(o *office, times int) {
	o.t.Helper()
	original := o.rows()[1]
	var copies []models.OutboxMail
	for range times {
		row := original
		row.ID = uuid.NewString()
		copies = append(copies, row)
	}
	if err := o.db.CreateInBatches(copies, 100).Error; err != nil {
		o.t.Fatal(err)
	}
}

func count(o *office, from string) (n int64) {
	o.t.Helper()
	if err := o.db.Raw("SELECT count(*) FROM " + from).Scan(&n).Error; err != nil {
		o.t.Fatal(err)
	}
	return n
}
