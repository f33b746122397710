package apptest_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/app"
	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views/ui"
	"example.com/gatehouse/web"
)

// Visit is the row of a feature that counts when a user opened its page.
type Visit struct{ models.Owned }

// Quota bounds a user's visits.
func (Visit) Quota() models.Quota { return models.Quota{Rows: 100} }

// visits is a feature as a product would write it, without a line in the core.
func visits() app.Feature {
	return app.Feature{
		Name: "visits",
		Migrations: fstest.MapFS{"20261130220000_visits.sql": {Data: []byte(`-- +goose Up
CREATE TABLE visits (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMP NOT NULL,
    updated_at TIMESTAMP NOT NULL
);
CREATE INDEX visits_user_id ON visits (user_id);

-- +goose Down
DROP TABLE visits;
`)}},
		Tables: []models.Table{{Model: &Visit{}}},
		Routes: func(core *app.Core, r *web.Router) {
			r.App.POST("/visits", func(c echo.Context, actor *auth.Actor) error {
				if err := web.Bind(c, &struct{}{}); err != nil {
					return err
				}
				if err := models.Scoped(core.DB.WithContext(c.Request().Context()), actor).Create(&Visit{}).Error; err != nil {
					return err
				}
				return core.Web.Redirect(c, "/dashboard", "Your visit is saved.")
			})
		},
		Menu: []ui.Link{{Href: "/visits", Icon: ui.IconNote, Label: "Visits"}},
		Messages: []mail.Preview{func(_ mail.Messages, s mail.Sample) mail.Message {
			return mail.Message{Kind: "visits_digest", To: s.To, Subject: "Your visits", Text: "One visit.", HTML: "<p>One visit.</p>"}
		}},
		Jobs: []app.Job{{Name: "visits", Every: time.Hour, Run: func(ctx context.Context, core *app.Core) error {
			return models.Unscoped(core.DB.WithContext(ctx)).Where("created_at < ?", core.Now().Add(-time.Hour)).Delete(&Visit{}).Error
		}}},
	}
}

func TestFeature_AddsTableRouteAndMenu(t *testing.T) {
	product := apptest.NewWith(t, []app.Feature{visits()})
	ada, bob := product.LoggedIn("ada@example.com"), product.LoggedIn("bob@example.com")
	ada.Get("/dashboard").WantText(t, "Visits")
	ada.Post("/visits").WantRedirect(t, "/dashboard").WantText(t, "Your visit is saved.")
	for _, c := range []struct {
		user *apptest.Browser
		want int64
	}{{ada, 1}, {bob, 0}} {
		var got int64
		if err := models.Scoped(product.DB, c.user.Actor()).Model(&Visit{}).Count(&got).Error; err != nil || got != c.want {
			t.Errorf("%s: got %d visits (%v), want %d", c.user.Email, got, err, c.want)
		}
	}
	product.Browser().Post("/visits").WantStatus(t, http.StatusSeeOther)
}

func TestFeature_OwnsAndExpiresItsRows(t *testing.T) {
	product := apptest.NewWith(t, []app.Feature{visits()})
	ada := product.LoggedIn("ada@example.com")
	ada.Post("/visits")
	if owned := models.SchemaOf(product.DB).Owned(); !slices.Contains(owned, "visits") {
		t.Errorf("got the owned tables %v, want visits among them", owned)
	}
	product.Clock.Advance(2 * time.Hour)
	core := &app.Core{DB: product.DB, Now: product.Clock.Now, Features: []app.Feature{visits()}}
	for _, job := range core.Jobs() {
		if job.Name == "visits" {
			if err := job.Run(t.Context(), core); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := product.Count("visits", "true"); n != 0 {
		t.Errorf("got %d visits after the job, want 0", n)
	}
}

func TestFeature_PreviewsItsMessages(t *testing.T) {
	product := apptest.NewWith(t, []app.Feature{visits()})
	product.LocalBrowser().Get("/dev/mail/previews/visits_digest").WantStatus(t, http.StatusOK).WantText(t, "Your visits")
}
