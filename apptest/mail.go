package apptest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"example.com/gatehouse/mail/mailtest"
)

// Mail returns the next mail to the user, once it has arrived. It skips mails
// about a login from a new device, which NewDeviceMail returns.
func (b *Browser) Mail() mailtest.Message {
	b.App.T.Helper()
	return b.nextMail(func(m mailtest.Message) bool { return !aboutNewDevice(m) })
}

// NewDeviceMail returns the next mail about a login from a new device.
func (b *Browser) NewDeviceMail() mailtest.Message {
	b.App.T.Helper()
	return b.nextMail(aboutNewDevice)
}

func aboutNewDevice(m mailtest.Message) bool {
	return strings.HasPrefix(m.Subject, "New login to your ")
}

// MailedLink returns the link of the next mail whose subject contains these
// words. It drops the mails before it.
func (b *Browser) MailedLink(subject string) string {
	b.App.T.Helper()
	for {
		if m := b.Mail(); strings.Contains(m.Subject, subject) {
			return m.Link
		}
	}
}

func (b *Browser) nextMail(wanted func(mailtest.Message) bool) mailtest.Message {
	b.App.T.Helper()
	unread := b.App.unread
	if i := slices.IndexFunc(unread[b.Email], wanted); i >= 0 {
		found := unread[b.Email][i]
		unread[b.Email] = slices.Delete(unread[b.Email], i, i+1)
		return found
	}
	for {
		next := b.App.Mailbox.Next(b.App.T, b.Email)
		if wanted(next) {
			return next
		}
		unread[b.Email] = append(unread[b.Email], next)
	}
}

// LastMail returns the last mail to an address, after all queued mail is sent.
func (app *App) LastMail(email string) mailtest.Message {
	app.T.Helper()
	app.WaitForMail()
	all := app.Mailbox.To(email)
	if len(all) == 0 {
		app.T.Fatalf("got no mail to %s, want at least one", email)
	}
	return all[len(all)-1]
}

// WaitForMail waits until all queued mail is sent, except the mail of folded
// alerts, which waits for its time.
func (app *App) WaitForMail() {
	app.T.Helper()
	for range 500 {
		if app.Count("outbox", "done_at IS NULL AND failed_at IS NULL AND kind <> 'more_alerts'") == 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	app.T.Fatalf("mail is still waiting after 5 s:\n%s", app.Log)
}

// ScanLinks opens mailed links as mail scanners do. It fails if a row changes:
// links act on POST.
func (b *Browser) ScanLinks(links ...string) {
	b.App.T.Helper()
	b.App.WaitForMail()
	before := b.App.Tables()
	for _, link := range links {
		for _, method := range []string{http.MethodHead, http.MethodGet, http.MethodGet} {
			b.Do(method, link, nil).WantStatus(b.App.T, http.StatusOK)
		}
	}
	if changed := b.App.ChangedTables(before); len(changed) > 0 {
		b.App.T.Errorf("opening the links changed %v, want no change before the form is sent", changed)
	}
}
