package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"gorm.io/gorm"

	"example.com/gatehouse/models"
)

const (
	// parallel is how many mails one process sends at once, so that a slow server for one recipient does not hold up the rest.
	parallel = 4
	// perRecipient is how many of them may go to one recipient, so that a slow mailbox, or a flood of mail to it, leaves the
	// others a place.
	perRecipient = 2
	// poll is how often the worker looks for mail that is due. The look is one read on an index.
	poll = time.Second
	// sendTimeout bounds one attempt; lease is how long nobody else may take the mail, and so how long it waits if this process
	// is killed meanwhile. A lease outlives the attempt and the record of it, or two workers would send the same mail.
	sendTimeout = connectTimeout + 2*talkTimeout
	lease       = sendTimeout + 2*recordTimeout
	// recordTimeout bounds writing down how an attempt went.
	recordTimeout = 30 * time.Second
	// grace is what an attempt gets to finish once the process is asked to stop.
	grace = 5 * time.Second
)

// delays are the waits after each failed attempt: 13 attempts in about two days. The first are short, so that a link of ten minutes
// gets past a greylist of five.
var delays = [...]time.Duration{
	30 * time.Second, time.Minute, 100 * time.Second, 150 * time.Second, 4 * time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour,
	3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour,
}

// farAhead is further than any delay reaches: a mail due later than this was dated by a clock that has been set back since.
const farAhead = 36 * time.Hour

// Run sends what is due until ctx ends, then lets attempts under way finish for a few seconds and hands the rest back for
// others to send at once. Any number of processes may run it on one database.
func (o *Outbox) Run(ctx context.Context) {
	var working sync.WaitGroup
	sending, cancel := delayed(ctx, grace)
	defer cancel()

	ticker := time.NewTicker(poll)
	defer ticker.Stop()
	finished := make(chan string, parallel)
	held := inHand{}
	for {
		for len(held) < parallel {
			row, err := o.claim(ctx, held)
			if err != nil && ctx.Err() == nil {
				o.log.Error("the outbox cannot be read", "error", err)
			}
			if row == nil {
				break
			}
			held[row.ID] = row.RecipientHash
			working.Go(func() {
				o.attempt(sending, *row)
				finished <- row.ID
			})
		}
		select {
		case <-ctx.Done():
			working.Wait() // before the deferred cancel, which would cut them off
			if o.smtp != nil {
				o.smtp.rest()
			}
			return
		case id := <-finished:
			delete(held, id)
		case <-o.wake:
		case <-ticker.C:
		}
	}
}

// delayed returns a context that ends the given time after ctx does.
func delayed(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	late, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(by, cancel) })
	return late, func() { stop(); cancel() }
}

// inHand is the mail that one worker is sending: recipient hashes by id.
type inHand map[string]*[]byte

func (h inHand) ids() []string {
	return append(slices.Collect(maps.Keys(h)), "") // NOT IN an empty list is NULL, which is not true
}

// busy returns the recipients who have their share of the worker.
func (h inHand) busy() [][]byte {
	counts := map[string]int{}
	busy := [][]byte{{0}} // no hash, for the same reason
	for _, hash := range h {
		if hash == nil || len(*hash) == 0 {
			continue
		}
		if counts[string(*hash)]++; counts[string(*hash)] == perRecipient {
			busy = append(busy, *hash)
		}
	}
	return busy
}

// pending is the mail that a worker may take. What it has in hand is excluded by name, since a clock that jumps forward would
// give it that twice.
const pendingLogin = "done_at IS NULL AND failed_at IS NULL AND (run_at <= @now OR run_at > @far) AND id NOT IN @held " +
	"AND (recipient_hash IS NULL OR recipient_hash NOT IN @busy)"

// claim takes the due mail that expires first, by pushing its run_at ahead; nil if there is none. So a login link never waits
// behind a thousand alerts.
func (o *Outbox) claim(ctx context.Context, held inHand) (*models.OutboxMail, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	now := o.clock()
	args := map[string]any{"now": now, "far": now.Add(farAhead), "until": now.Add(lease), "held": held.ids(), "busy": held.busy()}

	// Most looks find nothing; asking first keeps them from taking SQLite's only writer.
	var due []string
	if err := o.db.WithContext(ctx).Raw("SELECT id FROM outbox WHERE "+pendingLogin+" LIMIT 1", args).Scan(&due).Error; err != nil {
		return nil, fmt.Errorf("looking for due mail: %w", err)
	}
	if len(due) == 0 {
		return nil, nil
	}
	lock := ""
	if o.db.Dialector.Name() == "postgres" {
		lock = "FOR UPDATE SKIP LOCKED"
	}
	var rows []models.OutboxMail
	err := o.db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		// MATERIALIZED: the planner may otherwise run the inner query more than once and lock more than one row.
		return tx.Raw(`WITH due AS MATERIALIZED (SELECT id FROM outbox WHERE `+pendingLogin+`
				ORDER BY expires_at, run_at LIMIT 1 `+lock+`)
			UPDATE outbox SET run_at = @until, attempts = outbox.attempts + 1 WHERE id IN (SELECT id FROM due)
			RETURNING id, kind, payload, outbox.attempts, expires_at, recipient_hash`, args).Scan(&rows).Error
	})
	if err != nil {
		return nil, fmt.Errorf("claiming mail: %w", err)
	}
	if len(rows) == 0 {
		return nil, nil
	}
	return &rows[0], nil
}

// attempt sends one claimed mail and writes down how it went.
func (o *Outbox) attempt(ctx context.Context, row models.OutboxMail) {
	log := o.log.With("mail", row.ID, "kind", row.Kind, "attempt", row.Attempts)
	p, err := openPayload(o.keys, row.ID, row.Payload)
	switch {
	case err != nil:
		o.park(row, err.Error(), log.With("error", err))
		return
	case row.Attempts > len(delays)+1:
		// Only a process that died in the last attempt leaves such a row: the mail itself may be what killed it.
		o.park(row, "the last attempt was cut short", log)
		return
	case p.Decoy == 1:
		o.done(row, false, log)
		return
	case o.smtp == nil:
		o.done(row, o.keepSent, log)
		log.Info("mail put into the development mailbox")
		return
	case row.ExpiresAt != nil && !o.clock().Before(*row.ExpiresAt):
		o.park(row, expired, log.With("error", expired))
		return
	}

	attempt, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	err = o.smtp.send(attempt, o.from, p)
	switch {
	case err == nil:
		o.trouble.clear()
		o.done(row, o.keepSent, log)
		log.Info("mail sent")
	case ctx.Err() != nil:
		o.handBack(row, log)
	default:
		o.failed(row, err, p.To, log.With("error", class(err)))
	}
}

// failed decides what becomes of a mail that the server did not take.
func (o *Outbox) failed(row models.OutboxMail, err error, to string, log *slog.Logger) {
	whose := faultOf(err)
	if whose == faultOperator {
		o.trouble.set(class(err), o.clock())
		log.Error("the mail server refuses what its operator can fix: look at SMTP_URL, SMTP_HELO, MAIL_FROM, and the server's own rules and quota")
	}
	delay, again := o.nextDelay(row)
	switch {
	case whose == faultRecipient || row.Attempts > len(delays):
		o.park(row, lastError(err, to), log)
	case !again:
		o.park(row, expired+": "+lastError(err, to), log)
	default:
		o.retry(row, delay, lastError(err, to), log)
	}
}

// expired says why a mail is not sent whose only link would be dead.
const expired = "the link in the mail expires before the mail can be sent"

// nextDelay returns the wait before the next attempt; again is false if the mail has expired by then.
func (o *Outbox) nextDelay(row models.OutboxMail) (delay time.Duration, again bool) {
	delay = delays[min(row.Attempts, len(delays))-1]
	delay += time.Duration((rand.Float64() - 0.5) * 0.4 * float64(delay)) // a fifth either way, so that a recovering server is not stormed
	return delay, row.ExpiresAt == nil || o.clock().Add(delay).Before(*row.ExpiresAt)
}

// done holds even if the lease ran out meanwhile: the mail is with the server, and whoever else has it should stop.
func (o *Outbox) done(row models.OutboxMail, keep bool, log *slog.Logger) {
	set := map[string]any{"done_at": o.clock(), "last_error": ""}
	if !keep {
		set["payload"] = []byte{} // it may hold a live token
	}
	o.record(log, set, "id = ? AND done_at IS NULL", row.ID)
}

func (o *Outbox) park(row models.OutboxMail, reason string, log *slog.Logger) {
	o.record(log, map[string]any{"failed_at": o.clock(), "last_error": reason}, mine, row.ID, row.Attempts)
	log.Error("mail parked: it will not be tried again")
}

func (o *Outbox) retry(row models.OutboxMail, delay time.Duration, reason string, log *slog.Logger) {
	o.record(log, map[string]any{"run_at": o.clock().Add(delay), "last_error": reason}, mine, row.ID, row.Attempts)
	log.Warn("mail not sent, trying again", "in", delay.Round(time.Second))
}

func (o *Outbox) handBack(row models.OutboxMail, log *slog.Logger) {
	o.record(log, map[string]any{"run_at": o.clock(), "attempts": row.Attempts - 1}, mine, row.ID, row.Attempts)
	log.Info("mail handed back")
}

// mine matches a mail only while nobody has claimed it since: every claim raises attempts.
const mine = "id = ? AND attempts = ? AND done_at IS NULL AND failed_at IS NULL"

// record is persistent, since a sent mail that is not marked so is sent again.
func (o *Outbox) record(log *slog.Logger, set map[string]any, where string, args ...any) {
	ctx, cancel := context.WithTimeout(context.Background(), recordTimeout)
	defer cancel()
	for wait := 50 * time.Millisecond; ; wait *= 2 {
		err := o.db.WithContext(ctx).Model(&models.OutboxMail{}).Where(where, args...).Updates(set).Error
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			log.Error("the outcome of an attempt cannot be recorded", "error", errors.Join(err, ctx.Err()))
			return
		case <-time.After(wait):
		}
	}
}

// maxLastError bounds what is kept of a server's words, in bytes.
const maxLastError = 300

// lastError is what the database keeps of a failure: one line, cut, and without the recipient, who stands nowhere else in clear.
func lastError(err error, to string) string {
	_, words := refusal(err)
	words = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, words)
	words = regexp.MustCompile("(?i)"+regexp.QuoteMeta(to)).ReplaceAllLiteralString(words, "[recipient]")
	for len(words) > maxLastError {
		_, size := utf8.DecodeLastRuneInString(words)
		words = words[:len(words)-size]
	}
	return words
}
