package mail

import (
	"bytes"
	"context"
	"log/slog"
	netmail "net/mail"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

const (
	keyA = "0123456789abcdef0123456789abcdef"
	keyB = "fedcba9876543210fedcba9876543210"
)

var (
	messages = NewMessages("Acme", &url.URL{Scheme: "https", Host: "app.example.com"})
	sender   = &netmail.Address{Name: "Acme", Address: "hello@example.com"}
)

// clock stands still until it is moved.
type clock struct {
	mutex sync.Mutex
	time  time.Time
}

func newClock() *clock { return &clock{time: time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.time
}

func (c *clock) move(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.time = c.time.Add(d)
}

// journal is a log that several workers write to.
type journal struct {
	mutex sync.Mutex
	lines bytes.Buffer
}

func (j *journal) Write(line []byte) (int, error) {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.lines.Write(line)
}

func (j *journal) String() string {
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return j.lines.String()
}

// office is an outbox with what surrounds it.
type office struct {
	*Outbox
	t      *testing.T
	db     *gorm.DB
	server *mailtest.Server
	clock  *clock
	log    *journal
}

// newOffice has a mail server unless it is nil: then there is only the development mailbox.
func newOffice(t *testing.T, server *mailtest.Server) *office {
	t.Helper()
	return openOffice(t, modelstest.Open(t), server, newClock(), keyA)
}

func openOffice(t *testing.T, db *gorm.DB, server *mailtest.Server, c *clock, keys ...string) *office {
	t.Helper()
	var smtp *SMTP
	if server != nil {
		var err error
		if smtp, err = NewSMTP(server.URL(), "app.example.com", server.Roots(), false); err != nil {
			t.Fatal(err)
		}
	}
	log := &journal{}
	outbox, err := NewOutbox(db, smtp, sender, keys, server == nil, slog.New(slog.NewTextHandler(log, nil)), c.now)
	if err != nil {
		t.Fatal(err)
	}
	return &office{Outbox: outbox, t: t, db: db, server: server, clock: c, log: log}
}

// work runs a worker until the returned function is called or the test ends.
func (o *office) work() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		o.Run(ctx)
	}()
	stop = sync.OnceFunc(func() { cancel(); <-done })
	o.t.Cleanup(stop)
	return stop
}

// post commits the messages in one transaction.
func (o *office) post(messages ...Message) {
	o.t.Helper()
	err := o.db.Transaction(func(tx *gorm.DB) error {
		for _, m := range messages {
			if err := o.Enqueue(tx, m); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		o.t.Fatal(err)
	}
	o.Wake()
}

func (o *office) row() models.OutboxMail {
	o.t.Helper()
	rows := o.rows()
	if len(rows) != 1 {
		o.t.Fatalf("the outbox has %d rows, not one", len(rows))
	}
	return rows[0]
}

func (o *office) rows() []models.OutboxMail {
	o.t.Helper()
	var rows []models.OutboxMail
	if err := o.db.Order("id").Find(&rows).Error; err != nil {
		o.t.Fatal(err)
	}
	return rows
}

// until waits for the only row to become what is asked for.
func (o *office) until(what string, ok func(models.OutboxMail) bool) models.OutboxMail {
	o.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		row := o.row()
		if ok(row) {
			return row
		}
		if time.Now().After(deadline) {
			o.t.Fatalf("the mail is not %s: %+v\n%s", what, row, o.log)
		}
		o.Wake()
	}
}

func sent(row models.OutboxMail) bool   { return row.DoneAt != nil }
func failed(row models.OutboxMail) bool { return row.FailedAt != nil }

func reset(to string) Message { return messages.ResetPassword(to, "token-of-"+to, 30*time.Minute) }

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in:\n%s", part, text)
	}
}

func lacks(t *testing.T, text, part string) {
	t.Helper()
	if strings.Contains(strings.ToLower(text), strings.ToLower(part)) {
		t.Errorf("%q is in:\n%s", part, text)
	}
}

// waitFor waits for the rows to become what is asked for.
func (o *office) waitFor(what string, ok func([]models.OutboxMail) bool) {
	o.t.Helper()
	for deadline := time.Now().Add(60 * time.Second); !ok(o.rows()); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("not %s\n%s", what, o.log)
		}
		o.Wake()
	}
}

// logged waits for the log to hold what is asked for: a worker writes the row first.
func (o *office) logged(part string) {
	o.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(o.log.String(), part); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			o.t.Fatalf("%q is not in the log:\n%s", part, o.log)
		}
	}
}

// recorder is a GORM logger that keeps each statement's shape.
type recorder struct{ statements *[]string }

func (r *recorder) LogMode(logger.LogLevel) logger.Interface { return r }
func (r *recorder) Info(context.Context, string, ...any)     {}
func (r *recorder) Warn(context.Context, string, ...any)     {}
func (r *recorder) Error(context.Context, string, ...any)    {}
func (r *recorder) Trace(_ context.Context, _ time.Time, sql func() (string, int64), _ error) {
	statement, _ := sql()
	*r.statements = append(*r.statements, statement)
}

// ParamsFilter leaves the values out.
func (r *recorder) ParamsFilter(_ context.Context, sql string, _ ...any) (string, []any) {
	return sql, nil
}
