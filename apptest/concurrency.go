package apptest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"

	"gorm.io/gorm"
)

// AtOnce runs work n times simultaneously.
func AtOnce(n int, work func(i int)) {
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			work(i)
		})
	}
	close(start)
	all.Wait()
}

// AtOnce runs work n times simultaneously. None may write before all have read,
// so that each decides on rows that the others are about to change.
func (app *App) AtOnce(n int, work func(i int)) {
	app.T.Helper()
	app.Overtake(func() { AtOnce(n, work) }, func(*gorm.DB) error { return nil })
}

// Overtake runs work. The change is committed before work first writes, and
// after all that work reads until then.
func (app *App) Overtake(work func(), change func(tx *gorm.DB) error) {
	app.T.Helper()
	pool, err := app.DB.DB()
	if err != nil {
		app.T.Fatal(err)
	}
	var done sync.WaitGroup
	activity := func() int64 { return app.limits.begun.Load() + pool.Stats().WaitCount }
	quiet, before := 100*time.Millisecond, activity()
	err = app.DB.Transaction(func(tx *gorm.DB) error {
		if tx.Name() == "postgres" { // SQLite has one writer, which this transaction is
			quiet = 500 * time.Millisecond // each of them opens a connection first
			if err := tx.Exec("LOCK TABLE users, registrations IN EXCLUSIVE MODE").Error; err != nil {
				return err
			}
		}
		done.Go(work)
		seen, patience := before, 5*time.Second // until work begins, which takes time on a busy machine
		for since := time.Now(); time.Since(since) < patience; time.Sleep(5 * time.Millisecond) {
			now := activity()
			if now != seen || patience > quiet && pool.Stats().InUse > 1 {
				seen, since, patience = now, time.Now(), quiet
			}
		}
		return change(tx)
	})
	if err != nil {
		app.T.Fatal(err)
	}
	done.Wait()
}

// FailLocks runs work while every SELECT FOR UPDATE fails, as on a broken disk.
func (app *App) FailLocks(work func()) {
	app.T.Helper()
	const name = "fail_locks"
	err := app.DB.Callback().Query().Before("gorm:query").Register(name, func(db *gorm.DB) {
		if _, locks := db.Statement.Clauses["FOR"]; locks {
			_ = db.AddError(errors.New("disk I/O error"))
		}
	})
	if err != nil {
		app.T.Fatal(err)
	}
	work()
	if err := app.DB.Callback().Query().Remove(name); err != nil {
		app.T.Fatal(err)
	}
}

// PostFifty sends fifty forms at once, each from a tab of its own.
func (b *Browser) PostFifty(path string, form func(i int) url.Values) {
	b.App.T.Helper()
	tabs := make([]*Browser, 50)
	for i := range tabs {
		tabs[i] = b.Tab()
	}
	b.App.AtOnce(len(tabs), func(i int) { tabs[i].PostRacing(path, form(i)) })
}

// PostRacing sends a form while others do. It fails if there is no answer or a
// 5xx, except 503: the server may be busy hashing passwords.
func (b *Browser) PostRacing(path string, form url.Values) {
	page, err := b.Try(http.MethodPost, path, form)
	switch {
	case err != nil:
		b.App.T.Errorf("%s: %v", path, err)
	case page.Status >= 500 && page.Status != http.StatusServiceUnavailable:
		b.App.T.Errorf("%s: got status %d, want less than 500, or 503:\n%s", path, page.Status, page.Text())
	}
}

// BeginPost begins to send a form. The server has read everything except the
// body when BeginPost returns. Calling finish sends the body and returns the
// answer.
func (b *Browser) BeginPost(path string, fields ...string) (finish func() *Page) {
	b.App.T.Helper()
	form := Form(fields...)
	body, rest := io.Pipe()
	awaited, answered := make(chan struct{}), make(chan *Page, 1)
	r := b.Request(http.MethodPost, path, body)
	trace := &httptrace.ClientTrace{Got100Continue: func() { close(awaited) }}
	r = r.WithContext(httptrace.WithClientTrace(r.Context(), trace))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Expect", "100-continue")
	go func() {
		answer, err := b.Tab().Send(r)
		if err != nil {
			b.App.T.Error(err)
		}
		answered <- answer
	}()
	select {
	case <-awaited:
	case answer := <-answered:
		b.App.T.Fatalf("%s: got the answer %v before the form was sent", path, answer)
	}
	return func() *Page {
		if _, err := io.WriteString(rest, form.Encode()); err != nil {
			b.App.T.Fatal(err)
		}
		if err := rest.Close(); err != nil {
			b.App.T.Fatal(err)
		}
		return <-answered
	}
}
