package handlers_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/mail"
)

func TestLaw_EveryMailIsPreviewed(t *testing.T) {
	previews := apptest.New(t).LocalBrowser().Get("/dev/mail/previews").Rows()
	if got, want := len(previews), len(mail.Previews()); got != want {
		t.Errorf("got %d previews, want %d", got, want)
	}
}

// A mail's link must lead to a page, or its reader is stuck.
func TestLaw_EveryMailLeadsToAPage(t *testing.T) {
	app := apptest.New(t)
	messages, sample := mail.NewMessages(app.Config.AppName, app.Config.AppURL), mail.NewSample(time.Hour, time.Hour)
	for _, preview := range mail.Previews() {
		m := preview(messages, sample)
		_, path, _ := strings.Cut(m.Text, app.Config.AppURL.String())
		path, _, _ = strings.Cut(path, "\n")
		if page := app.Browser().Get(path); page.Status == http.StatusNotFound || page.Status >= 500 {
			t.Errorf("%s: got %d at %s, want a page there", m.Kind, page.Status, path)
		}
	}
}

func TestAPreviewShowsBothPartsOfAMail(t *testing.T) {
	eve := apptest.New(t).LocalBrowser()
	for _, address := range eve.Get("/dev/mail/previews").Rows() {
		page := eve.Get(address).WantStatus(t, 200)
		if frame := apptest.Attr(page.All("iframe")[0], "src"); frame != address+"/html" {
			t.Errorf("%s frames %s", address, frame)
		}
		page.WantText(t, "http://localhost", "-- Acme")
		eve.Get(address+"/html").WantStatus(t, 200).WantText(t, "If the button does not work")
	}
	eve.Get("/dev/mail/previews/nothing").WantStatus(t, 404)
	eve.Get("/dev/mail/previews/nothing/html").WantStatus(t, 404)
}

func TestProductionPreviewsNoMail(t *testing.T) {
	eve := apptest.New(t, func(app *apptest.App) { app.Config.Production = true }).LocalBrowser()
	eve.Get("/dev/mail/previews").WantStatus(t, 404)
	eve.Get("/dev/mail/previews/confirm_address").WantStatus(t, 404)
}
