package handlers_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/mail"
)

// The kind of a mail is its constructor's name, as the other tables write names.
func TestLawEveryMailIsPreviewed(t *testing.T) {
	previews := apptest.New(t).LocalBrowser().Get("/dev/mail/previews").Rows()
	messages := reflect.TypeFor[mail.Messages]()
	for method := range messages.Methods() {
		if method.Type.NumOut() != 1 || method.Type.Out(0) != reflect.TypeFor[mail.Message]() {
			continue
		}
		if !slices.Contains(previews, "/dev/mail/previews/"+snake(method.Name)) {
			t.Errorf("/dev/mail/previews does not show mail.Messages.%s: add it to mailPreviews", method.Name)
		}
	}
}

// snake writes AddressTaken as address_taken.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if i > 0 && r >= 'A' && r <= 'Z' {
			b.WriteByte('_')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
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
