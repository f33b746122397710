package handlers_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
)

// The kind of a mail is its constructor's name, as the other tables write names.
func TestLawEveryMailIsPreviewed(t *testing.T) {
	previews := newStage(t).developer().get("/dev/mail/previews").rows()
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
	eve := newStage(t).developer()
	for _, address := range eve.get("/dev/mail/previews").rows() {
		page := eve.get(address).is(t, 200)
		if frame := attribute(page.all("iframe")[0], "src"); frame != address+"/html" {
			t.Errorf("%s frames %s", address, frame)
		}
		page.says(t, "http://localhost", "-- Acme")
		eve.get(address+"/html").is(t, 200).says(t, "If the button does not work")
	}
	eve.get("/dev/mail/previews/nothing").is(t, 404)
	eve.get("/dev/mail/previews/nothing/html").is(t, 404)
}

func TestProductionPreviewsNoMail(t *testing.T) {
	eve := newStage(t, func(c *config.Config) { c.Production = true }).developer()
	eve.get("/dev/mail/previews").is(t, 404)
	eve.get("/dev/mail/previews/confirm_address").is(t, 404)
}
