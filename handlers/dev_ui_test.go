package handlers_test

import (
	"testing"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/views/dev"
)

func TestEveryPartIsShownWithTheLinesThatMakeIt(t *testing.T) {
	eve := apptest.New(t).LocalBrowser()
	overview := eve.Get("/dev/ui").WantStatus(t, 200)
	for _, part := range dev.UIParts() {
		overview.WantText(t, part.Title)
		eve.Get(part.Address()).WantStatus(t, 200).WantText(t, "@ui.")
	}
	eve.Get("/dev/ui/fields").WantText(t, `@ui.Field(ui.Input{Name: "title", Label: "Title"}, nil)`)
	eve.Get("/dev/ui/nothing").WantStatus(t, 404)
	eve.Post("/dev/ui/nothing").WantStatus(t, 404)
}

func TestPartsAreShownInTheThemeThatIsAskedFor(t *testing.T) {
	eve := apptest.New(t).LocalBrowser()
	for query, theme := range map[string]string{"?theme=dark": "dark", "?theme=light": "light", "?theme=%22%3E": "", "": ""} {
		for _, n := range eve.Get("/dev/ui/fields" + query).All("div") {
			if apptest.Attr(n, "class") == "stage" && apptest.Attr(n, "data-theme") != theme {
				t.Errorf("%q is shown in %q", query, apptest.Attr(n, "data-theme"))
			}
		}
	}
}

func TestAFormOnShowComesBackWithANotice(t *testing.T) {
	eve := apptest.New(t).LocalBrowser()
	eve.Post("/dev/ui/forms", "name", "x").WantRedirect(t, "/dev/ui/forms").WantText(t, "Nothing is kept here.")
}

func TestProductionShowsNoParts(t *testing.T) {
	eve := apptest.New(t, func(app *apptest.App) { app.Config.Production = true }).LocalBrowser()
	eve.Get("/dev/ui").WantStatus(t, 404)
	eve.Get("/dev/ui/fields").WantStatus(t, 404)
	eve.Post("/dev/ui/fields").WantStatus(t, 404)
}
