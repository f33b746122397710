package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"gorm.io/gorm"

	"example.com/gatehouse/mail/mailtest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/models/scope"
	"example.com/gatehouse/seal"
)

func TestAQueuedMailArrivesAsWritten(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.work()
	m := reset("ada@example.com")
	o.post(m)
	got := o.server.Next(t, "ada@example.com")
	if got.Subject != m.Subject || got.HTML != m.HTML || got.Text != m.Text || got.From != sender.Address || got.To != m.To {
		t.Errorf("%+v arrived", got)
	}
	contains(t, got.Link, "https://app.example.com/password/reset?token=token-of-ada")
	contains(t, got.Header.Get("Auto-Submitted"), "auto-generated")
	lacks(t, string(got.Raw), "go-mail")
}

func TestAMailOfARolledBackTransactionIsNotSent(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.work()
	undo := errors.New("undo")
	err := o.db.Transaction(func(tx *gorm.DB) error {
		return errors.Join(o.Enqueue(tx, reset("ada@example.com")), undo)
	})
	if !errors.Is(err, undo) || err.Error() != "undo" {
		t.Fatal(err)
	}
	o.post(reset("bob@example.com"))
	o.server.Next(t, "bob@example.com")
	if mails := o.server.Messages(); len(mails) != 1 {
		t.Errorf("%d mails arrived", len(mails))
	}
}

// A clone may have a table of its own with the name of a column of ours.
func TestOutbox_WorksNextToAnOwnedTableCalledAttempts(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	attempts := scope.NewNames([]string{"attempts"})
	check := func(db *gorm.DB) {
		if err := attempts.Check(t.Context(), db.Statement.SQL.String(), nil); err != nil {
			t.Error(err)
		}
	}
	callbacks := o.db.Callback()
	register := map[string]func(string, func(*gorm.DB)) error{
		"create": callbacks.Create().After("*").Register, "query": callbacks.Query().After("*").Register,
		"update": callbacks.Update().After("*").Register, "delete": callbacks.Delete().After("*").Register,
		"row": callbacks.Row().After("*").Register, "raw": callbacks.Raw().After("*").Register,
	}
	for kind, on := range register {
		if err := on("attempts:"+kind, check); err != nil {
			t.Fatal(err)
		}
	}
	o.server.Refuse(451)
	o.work()
	o.post(reset("ada@example.com"))
	o.logged("trying again")
	o.cleansUp()
}

func TestAMailIsNoticedWithoutBeingWoken(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.work()
	if err := o.Enqueue(o.db, reset("ada@example.com")); err != nil {
		t.Fatal(err)
	}
	o.server.Next(t, "ada@example.com")
}

func TestItem68NeitherAddressNorTokenStandsInTheDatabase(t *testing.T) { // security.md 21, 68
	server := mailtest.NewServer(t)
	o := newOffice(t, server)
	look := func(when string) {
		for _, row := range o.rows() {
			everything := fmt.Sprintf("%+v %s", row, row.Payload)
			for _, secret := range []string{"ada@example.com", "token-of", "ADA@"} {
				if strings.Contains(everything, secret) {
					t.Errorf("%s, %q stands in the row", when, secret)
				}
			}
		}
		lacks(t, o.log.String(), "ada@example.com")
		lacks(t, o.log.String(), "token-of")
	}
	o.post(reset("ada@example.com"))
	look("while waiting")
	server.Refuse(450)
	o.work()
	o.until("refused", func(row models.OutboxMail) bool { return row.LastError != "" })
	look("after a refusal that repeats the address")
	o.clock.move(time.Minute)
	if row := o.until("sent", sent); len(row.Payload) != 0 {
		t.Error("the payload of a sent mail is kept")
	}
	look("when sent")
}

// Mail is found by its recipient without opening it: also after the secret
// key was rotated, and not by someone who has only the database.
func TestOutbox_HashesRecipients(t *testing.T) {
	o := newOffice(t, nil)
	o.post(reset("ada@example.com"))
	o.post(reset("eve@example.com"))
	o.post(signUp("ada@example.com"))
	rows := o.rows()
	if a, b, c := *rows[0].RecipientHash, *rows[1].RecipientHash, *rows[2].RecipientHash; len(a) != 32 || bytes.Equal(a, b) || !bytes.Equal(a, c) {
		t.Errorf("got %x for Ada, %x for Eve and %x for Ada", a, b, c)
	}
	rotated := openOffice(t, o.db, nil, o.clock, keyB, keyA)
	if hashes := rotated.recipientHashes("ada@example.com"); !bytes.Equal(hashes[1], *rows[0].RecipientHash) || bytes.Equal(hashes[0], hashes[1]) {
		t.Errorf("after the rotation Ada's hashes are %x, want a new one and then %x", hashes, *rows[0].RecipientHash)
	}
}

func TestItem16ADecoyCostsTheSameAndIsNeverSent(t *testing.T) { // security.md 16
	o := newOffice(t, mailtest.NewServer(t))
	statements := func(enqueue func(*gorm.DB, Message) error, to string) (sql []string) {
		db := o.db.Session(&gorm.Session{NewDB: true, Logger: &recorder{statements: &sql}})
		if err := enqueue(db, reset(to)); err != nil {
			t.Fatal(err)
		}
		return sql
	}
	real, decoy := statements(o.Enqueue, "ada@example.com"), statements(o.EnqueueDecoy, "eve@example.com")
	if !slices.Equal(real, decoy) || len(real) == 0 {
		t.Errorf("a mail takes %q and a decoy %q", real, decoy)
	}
	rows := o.rows()
	if len(rows[0].Payload) != len(rows[1].Payload) || rows[0].Kind != rows[1].Kind {
		t.Errorf("the rows can be told apart: %d and %d bytes", len(rows[0].Payload), len(rows[1].Payload))
	}
	o.work()
	o.server.Next(t, "ada@example.com")
	o.post(reset("bob@example.com"))
	o.server.Next(t, "bob@example.com")
	o.waitFor("everything done", func(rows []models.OutboxMail) bool {
		return !slices.ContainsFunc(rows, func(row models.OutboxMail) bool { return row.DoneAt == nil })
	})
	if mails := o.server.To("eve@example.com"); len(mails) != 0 {
		t.Error("the decoy was sent")
	}
	for _, row := range o.rows() {
		if len(row.Payload) != 0 || row.Attempts != 1 || row.LastError != "" {
			t.Errorf("a done row tells what it was: %+v", row)
		}
	}
}

func TestSecretKeysRotate(t *testing.T) {
	server, db, c := mailtest.NewServer(t), modelstest.Open(t), newClock()
	before := openOffice(t, db, server, c, keyA)
	before.post(reset("ada@example.com"))
	after := openOffice(t, db, server, c, keyB, keyA)
	after.post(reset("bob@example.com"))
	opens := func(o *office, row models.OutboxMail) bool {
		_, err := openPayload(o.keys, row.ID, row.Payload)
		return err == nil
	}
	rows := after.rows()
	if !opens(after, rows[0]) {
		t.Error("the old key's mail cannot be opened any more")
	}
	if !opens(after, rows[1]) || opens(before, rows[1]) {
		t.Error("new mail is not sealed by the new key")
	}
	after.work()
	server.Next(t, "ada@example.com")
	server.Next(t, "bob@example.com")
}

func TestALeaseOutlivesTheAttemptAndItsRecord(t *testing.T) {
	if lease < sendTimeout+recordTimeout {
		t.Errorf("somebody else takes a mail after %s that may be in hand for %s", lease, sendTimeout+recordTimeout)
	}
}

func TestAMailThatCannotBeOpenedIsParked(t *testing.T) {
	for what, spoil := range map[string]func(o *office, row models.OutboxMail) []byte{
		"a damaged one": func(_ *office, row models.OutboxMail) []byte {
			row.Payload[len(row.Payload)-1] ^= 1
			return row.Payload
		},
		"an empty one":       func(*office, models.OutboxMail) []byte { return []byte{} },
		"a short one":        func(_ *office, row models.OutboxMail) []byte { return row.Payload[:10] },
		"one without a text": func(_ *office, row models.OutboxMail) []byte { return row.Payload[:20] },
		"one of another row": func(o *office, _ models.OutboxMail) []byte {
			sealed, _ := sealPayload(o.keys, "another", payload{To: "ada@example.com"})
			return sealed
		},
		"one of an unknown key": func(_ *office, row models.OutboxMail) []byte {
			keys, _ := seal.New([]string{keyB}, "outbox")
			sealed, _ := sealPayload(keys, row.ID, payload{To: "ada@example.com"})
			return sealed
		},
	} {
		t.Run(what, func(t *testing.T) {
			o := newOffice(t, mailtest.NewServer(t))
			o.post(reset("ada@example.com"))
			if err := o.db.Model(&models.OutboxMail{}).Where("1 = 1").Update("payload", spoil(o, o.row())).Error; err != nil {
				t.Fatal(err)
			}
			o.work()
			row := o.until("parked", failed)
			contains(t, row.LastError, "cannot be opened")
			o.logged("level=ERROR")
			o.post(reset("bob@example.com"))
			o.server.Next(t, "bob@example.com")
			if o.server.Connections() != 1 {
				t.Error("the spoiled mail was tried")
			}
		})
	}
}

func TestATemporaryRefusalIsTriedAgainLater(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.server.Refuse(451)
	o.work()
	o.post(reset("ada@example.com"))
	row := o.until("refused", func(row models.OutboxMail) bool { return row.LastError != "" })
	contains(t, row.LastError, "451")
	contains(t, row.LastError, "[recipient]")
	if wait := row.RunAt.Sub(o.clock.now()); wait < 24*time.Second || wait > 36*time.Second {
		t.Errorf("the second attempt is after %s", wait)
	}
	o.clock.move(36 * time.Second)
	o.until("sent", sent)
	o.server.Next(t, "ada@example.com")
}

func TestAMailIsParkedAfterThirteenAttemptsInTwoDays(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.server.Refuse(slices.Repeat([]int{450}, 20)...)
	o.work()
	start := o.clock.now()
	o.post(alertTo("ada@example.com"))
	var last time.Duration
	for attempt := 1; attempt < 13; attempt++ {
		row := o.until("waiting", func(row models.OutboxMail) bool {
			return row.Attempts == attempt && row.LastError != "" && row.RunAt.Sub(o.clock.now()) != lease
		})
		wait := row.RunAt.Sub(o.clock.now())
		if wait <= last {
			t.Errorf("attempt %d is after %s, the one before it was after %s", attempt+1, wait, last)
		}
		last = wait
		o.clock.move(wait)
		if attempt == 12 && failed(o.row()) {
			t.Error("parked before the last attempt")
		}
	}
	row := o.until("parked", failed)
	if row.Attempts != 13 || o.clock.now().Sub(start) < 36*time.Hour || o.clock.now().Sub(start) > 60*time.Hour {
		t.Errorf("parked after %d attempts in %s", row.Attempts, o.clock.now().Sub(start))
	}
	o.logged(`level=ERROR msg="mail parked`)
	if len(row.Payload) == 0 {
		t.Error("a parked mail cannot be looked at")
	}
}

// A mail whose only link is dead would send its reader to a page that says so.
func TestOutbox_SendsNoMailWhoseLinkHasExpired(t *testing.T) {
	for what, passes := range map[string]time.Duration{"before the first attempt": 30 * time.Minute, "a minute before the end": 29 * time.Minute} {
		t.Run(what, func(t *testing.T) {
			o := newOffice(t, mailtest.NewServer(t))
			o.post(reset("ada@example.com")) // whose link works for 30 minutes
			o.clock.move(passes)
			o.work()
			row := o.until("parked", failed)
			contains(t, row.LastError, "expires")
			if n := len(o.server.Messages()); n != 0 {
				t.Errorf("%d mails were sent", n)
			}
		})
	}
	o := newOffice(t, mailtest.NewServer(t))
	o.post(reset("ada@example.com"))
	o.clock.move(28 * time.Minute)
	o.work()
	o.until("sent", sent)
}

// Servers that greylist refuse the first attempts for five minutes or more. The
// attempts fit the life of the link, and end with it.
func TestOutbox_AttemptsFitTheLifeOfTheLink(t *testing.T) {
	for _, life := range []time.Duration{10 * time.Minute, 30 * time.Minute} {
		o := newOffice(t, mailtest.NewServer(t))
		o.server.Refuse(slices.Repeat([]int{450}, 20)...)
		m := reset("ada@example.com")
		m.Life = life
		start := o.clock.now()
		o.post(m)
		o.work()
		var last, longest time.Duration
		for !failed(o.row()) {
			row := o.until("tried", func(row models.OutboxMail) bool {
				return failed(row) || row.LastError != "" && row.RunAt.Sub(o.clock.now()) != lease && row.RunAt.After(o.clock.now())
			})
			if failed(row) {
				break
			}
			at := row.RunAt.Sub(start)
			longest, last = max(longest, at-last), at
			o.clock.move(row.RunAt.Sub(o.clock.now()))
			attempts := row.Attempts
			o.until("tried again", func(row models.OutboxMail) bool { return row.Attempts > attempts || failed(row) })
		}
		if last > life-time.Minute || last < 5*time.Minute || longest > life/2 {
			t.Errorf("with %s the last attempt is after %s, and one wait takes %s", life, last, longest)
		}
	}
}

// RFC 3463, RFC 5321 4.2: what the operator can fix is not the recipient's
// fault.
func TestSMTP_KnowsWhoseARefusalIs(t *testing.T) {
	for answer, want := range map[string]fault{
		"RCPT 450 4.2.0 Greylisted, see http://postgrey.example/":                    faultPassing,
		"RCPT 451 4.7.1 Greylisting in action, please come back later":               faultPassing,
		"RCPT 452 4.2.2 Mailbox full":                                                faultPassing,
		"RCPT 421 4.3.2 Too busy":                                                    faultPassing,
		"RCPT 550 5.1.1 <ada@example.com>: User unknown in relay recipient table":    faultRecipient,
		"RCPT 550 User unknown":                                                      faultRecipient,
		"RCPT 550 no mailbox relay-sender@blocked.example here":                      faultRecipient,
		"RCPT 552 5.2.2 Mailbox full":                                                faultRecipient,
		"RCPT 550 5.2.1 The account is disabled":                                     faultRecipient,
		"RCPT 504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname": faultOperator,
		"RCPT 554 5.7.1 <ada@example.com>: Relay access denied":                      faultOperator,
		"RCPT 454 4.7.1 <ada@example.com>: Relay access denied":                      faultOperator,
		"RCPT 550 relay not permitted":                                               faultOperator,
		"RCPT 553 5.1.8 Sender's domain doesn't exist":                               faultOperator,
		"RCPT 550 5.4.5 Daily user sending quota exceeded":                           faultOperator,
		"RCPT 552 sending quota exceeded":                                            faultOperator,
		"MAIL 530 5.7.0 Authentication required":                                     faultOperator,
		"MAIL 553 5.7.1 Sender address rejected: not owned by user":                  faultOperator,
		"MAIL 452 4.3.1 Insufficient system storage":                                 faultOperator,
		"EHLO 504 need fully-qualified hostname":                                     faultOperator,
		"DATA 550 5.7.26 Unauthenticated mail is not accepted":                       faultOperator,
		"DATA 554 5.6.0 Malformed":                                                   faultRecipient,
	} {
		command, refusal, _ := strings.Cut(answer, " ")
		server := mailtest.NewDialect(t, "AUTH PLAIN", "ENHANCEDSTATUSCODES")
		server.Answer(command, refusal)
		s, err := NewSMTP(server.URL(), "app.example.com", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := deliver(t, s); err == nil || faultOf(err) != want {
			t.Errorf("%s: the fault is %d, want %d (%v)", answer, faultOf(err), want, err)
		}
	}
}

// The operator hears of it until it is fixed, and no mail is lost.
func TestOutbox_TellsTheOperatorWhatTheyCanFix(t *testing.T) {
	server := mailtest.NewDialect(t, "AUTH PLAIN", "ENHANCEDSTATUSCODES")
	server.Answer("RCPT", "554 5.7.1 Relay access denied")
	o := newOffice(t, mailtest.NewServer(t))
	var err error
	if o.smtp, err = NewSMTP(server.URL(), "app.example.com", nil, false); err != nil {
		t.Fatal(err)
	}
	o.work()
	o.post(alertTo("ada@example.com"))
	row := o.until("refused", func(row models.OutboxMail) bool { return row.LastError != "" })
	if failed(row) {
		t.Error("the mail is given up")
	}
	o.logged("SMTP_HELO")
	if got := o.Trouble(); got == nil || !strings.Contains(got.What, "554") {
		t.Errorf("the trouble is %v, want the 554", got)
	}
	server.Answer("RCPT", "")
	o.clock.move(time.Minute)
	o.until("sent", sent)
	if got := o.Trouble(); got != nil {
		t.Errorf("the trouble is %v after a mail was sent", got)
	}
}

func TestAMailRefusedForGoodIsParkedAtOnce(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.server.Refuse(550)
	o.work()
	o.post(reset("ada@example.com"))
	row := o.until("parked", failed)
	if row.Attempts != 1 {
		t.Errorf("parked after %d attempts", row.Attempts)
	}
	contains(t, row.LastError, "550")
	lacks(t, row.LastError, "ada@example.com")
	lacks(t, o.log.String(), "ada@example.com")
	o.logged("sending SMTP RCPT TO command: 550")
}

func TestMailWaitsWhileTheServerIsDown(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.server.Stop()
	o.work()
	o.post(reset("ada@example.com"))
	row := o.until("tried", func(row models.OutboxMail) bool { return row.LastError != "" })
	if failed(row) {
		t.Error("parked because the server is down")
	}
	o.logged("greeting the server")
	o.server.Start()
	o.clock.move(time.Minute)
	o.server.Next(t, "ada@example.com")
	o.until("sent", sent)
}

func TestAResendIsTheSameMail(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.server.DieAfterData(1)
	o.work()
	o.post(reset("ada@example.com"))
	first := o.server.Next(t, "ada@example.com")
	o.until("tried", func(row models.OutboxMail) bool { return row.LastError != "" })
	o.clock.move(time.Minute)
	second := o.server.Next(t, "ada@example.com")
	if first.MessageID == "" || !bytes.Equal(first.Raw, second.Raw) {
		t.Errorf("the mail\n%s\nwas sent again as\n%s", first.Raw, second.Raw)
	}
}

func TestWorkersShareTheWorkWithoutLosingOrDoublingMail(t *testing.T) {
	url, server, c := modelstest.URL(t), mailtest.NewServer(t), newClock()
	const processes, workers, mails = 5, 10, 300
	var offices []*office
	for range processes {
		db, err := models.Open(url, models.Tables())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { models.Close(db) })
		offices = append(offices, openOffice(t, db, server, c, keyA))
	}
	for _, o := range offices {
		for range workers {
			o.work()
		}
	}
	var writers sync.WaitGroup
	for i, o := range offices {
		writers.Go(func() {
			for n := range mails / processes {
				o.post(reset(fmt.Sprintf("p%d-%d@example.com", i, n)))
			}
		})
	}
	writers.Wait()
	server.Wait(t, mails)
	offices[0].waitFor("everything done", func(rows []models.OutboxMail) bool {
		return !slices.ContainsFunc(rows, func(row models.OutboxMail) bool { return row.DoneAt == nil })
	})
	seen := map[string]int{}
	for _, m := range server.Messages() {
		seen[m.To]++
	}
	if len(seen) != mails || len(server.Messages()) != mails {
		t.Errorf("%d mails to %d people arrived, not %d", len(server.Messages()), len(seen), mails)
	}
}

func TestAClockThatJumpsAheadDoesNotSendTwice(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	resume := o.server.Stall()
	defer resume()
	o.work()
	o.post(reset("ada@example.com"))
	o.until("claimed", func(row models.OutboxMail) bool { return row.Attempts == 1 })
	o.clock.move(48 * time.Hour)
	o.post(reset("bob@example.com")) // claimed by the same worker, which has looked at all that is due then
	o.waitFor("both claimed", func(rows []models.OutboxMail) bool { return rows[1].Attempts == 1 })
	resume()
	o.server.Wait(t, 2)
	if row := o.rows()[0]; row.Attempts != 1 {
		t.Errorf("the mail was claimed %d times", row.Attempts)
	}
}

func TestAClockThatIsSetBackDelaysNothing(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.post(reset("ada@example.com"))
	o.clock.move(-365 * 24 * time.Hour)
	o.work()
	o.server.Next(t, "ada@example.com")
}

func TestAStoppedWorkerLetsAnAttemptFinish(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	resume := o.server.Stall()
	defer resume()
	ctx, cancel := context.WithCancel(context.Background())
	var worker sync.WaitGroup
	worker.Go(func() { o.Run(ctx) })
	o.post(reset("ada@example.com"))
	o.until("claimed", func(row models.OutboxMail) bool { return row.Attempts == 1 })
	cancel()
	resume()
	worker.Wait()
	if !sent(o.row()) {
		t.Errorf("the mail is not marked as sent: %+v", o.row())
	}
}

func TestAStoppedWorkerHandsBackWhatItHolds(t *testing.T) {
	t.Parallel()
	o := newOffice(t, mailtest.NewServer(t))
	resume := o.server.Stall()
	defer resume()
	stop := o.work()
	o.post(reset("ada@example.com"))
	o.until("claimed", func(row models.OutboxMail) bool { return row.Attempts == 1 })
	began := time.Now()
	stop()
	if took := time.Since(began); took < grace || took > 2*grace {
		t.Errorf("stopping took %s", took)
	}
	row := o.row()
	if row.Attempts != 0 || row.RunAt.After(o.clock.now()) || row.DoneAt != nil {
		t.Errorf("the mail is not free: %+v", row)
	}
	resume()
	o.work()
	o.until("sent", sent)
}

func TestAMailThatKilledEveryWorkerIsParked(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.post(reset("ada@example.com"))
	o.db.Model(&models.OutboxMail{}).Where("1 = 1").Update("attempts", len(delays)+1)
	o.work()
	row := o.until("parked", failed)
	contains(t, row.LastError, "cut short")
	if len(o.server.Messages()) != 0 {
		t.Error("the mail was sent")
	}
}

func TestAHugeMailArrivesWhole(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	o.work()
	m := reset("ada@example.com")
	filling := make([]rune, 60_000)
	for i := range filling {
		filling[i] = []rune("a.=\n.é€ ")[rand.IntN(8)]
	}
	m.Text += "x" + string(filling) + "x\n.\n..\nQUIT\n"
	o.post(m)
	if got := o.server.Next(t, "ada@example.com"); got.Text != m.Text {
		t.Errorf("%d bytes arrived of %d", len(got.Text), len(m.Text))
	}
}

func TestLookingForMailWritesNothing(t *testing.T) {
	o := newOffice(t, nil)
	var sql []string
	o.Outbox.db = o.db.Session(&gorm.Session{NewDB: true, Logger: &recorder{statements: &sql}})
	row, err := o.claim(context.Background(), nil)
	if err != nil || row != nil {
		t.Fatal(row, err)
	}
	if len(sql) != 1 || !strings.HasPrefix(sql[0], "SELECT") {
		t.Errorf("an idle look runs %q", sql)
	}
}

func TestOldMailIsSwept(t *testing.T) {
	o := newOffice(t, mailtest.NewServer(t))
	day := 24 * time.Hour
	now := o.clock.now()
	ago := func(d time.Duration) *time.Time { at := now.Add(-d); return &at }
	var rows []models.OutboxMail
	add := func(id string, created time.Duration, done, failed *time.Time) {
		rows = append(rows, models.OutboxMail{ID: id, Payload: []byte{}, CreatedAt: *ago(created), RunAt: now.Add(day), DoneAt: done, FailedAt: failed})
	}
	batch := models.BatchRows(o.db)
	for n := range 2*batch + 1 {
		add(fmt.Sprintf("old-%d", n), 9*day, ago(8*day), nil)
	}
	add("sent late", 9*day, ago(6*day), nil)
	add("sent lately", day, ago(day), nil)
	add("parked", 20*day, nil, ago(20*day))
	add("parked long ago", 60*day, nil, ago(58*day))
	add("waiting", 90*day, nil, nil)
	if err := o.db.CreateInBatches(rows, 100).Error; err != nil {
		t.Fatal(err)
	}
	deleted, err := o.Cleanup(context.Background(), now.Add(-7*day))
	if err != nil || deleted != int64(2*batch+2) {
		t.Errorf("%d rows were swept: %v", deleted, err)
	}
	var left []string
	for _, row := range o.rows() {
		left = append(left, row.ID)
	}
	if want := []string{"parked", "sent late", "sent lately", "waiting"}; !slices.Equal(left, want) {
		t.Errorf("%v are left", left)
	}
}

func TestAnOutboxNeedsAKeyAndASender(t *testing.T) {
	if _, err := NewOutbox(nil, nil, sender, nil, true, nil, nil); err == nil {
		t.Error("an outbox without a key")
	}
	if _, err := NewOutbox(nil, nil, nil, []string{keyA}, true, nil, nil); err == nil {
		t.Error("an outbox without a sender")
	}
}
