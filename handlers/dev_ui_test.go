package handlers_test

import (
	"testing"

	"example.com/gatehouse/config"
	"example.com/gatehouse/views/dev"
)

func TestEveryPartIsShownWithTheLinesThatMakeIt(t *testing.T) {
	eve := newStage(t).developer()
	overview := eve.get("/dev/ui").is(t, 200)
	for _, part := range dev.UIParts() {
		overview.says(t, part.Title)
		eve.get(part.Address()).is(t, 200).says(t, "@ui.")
	}
	eve.get("/dev/ui/fields").says(t, `@ui.Field(ui.Input{Name: "title", Label: "Title"}, nil)`)
	eve.get("/dev/ui/nothing").is(t, 404)
	eve.post("/dev/ui/nothing").is(t, 404)
}

func TestPartsAreShownInTheThemeThatIsAskedFor(t *testing.T) {
	eve := newStage(t).developer()
	for query, theme := range map[string]string{"?theme=dark": "dark", "?theme=light": "light", "?theme=%22%3E": "", "": ""} {
		for _, n := range eve.get("/dev/ui/fields" + query).all("div") {
			if attribute(n, "class") == "stage" && attribute(n, "data-theme") != theme {
				t.Errorf("%q is shown in %q", query, attribute(n, "data-theme"))
			}
		}
	}
}

func TestAFormOnShowComesBackWithANotice(t *testing.T) {
	eve := newStage(t).developer()
	eve.post("/dev/ui/forms", "name", "x").redirects(t, "/dev/ui/forms").says(t, "Nothing is kept here.")
}

func TestProductionShowsNoParts(t *testing.T) {
	eve := newStage(t, func(c *config.Config) { c.Production = true }).developer()
	eve.get("/dev/ui").is(t, 404)
	eve.get("/dev/ui/fields").is(t, 404)
	eve.post("/dev/ui/fields").is(t, 404)
}
