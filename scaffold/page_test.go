package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAPageIsTwoFilesAndOneLine(t *testing.T) {
	c := newClone(t)
	c.makes = true
	c.succeeds("page", "Monthly report")
	if added := c.added(); !slices.Equal(added, []string{"handlers/monthly_report_test.go", "views/monthly_report.templ"}) {
		t.Errorf("added: %q", added)
	}
	line := "\tapp.GET(\"/monthly-report\", h.page(views.MonthlyReport))\n"
	if got := strings.Replace(c.read("handlers/routes.go"), line, "", 1); got != c.before["handlers/routes.go"].content {
		t.Error("routes.go has more than its line")
	}
	if !strings.Contains(c.read("views/monthly_report_templ.go"), "func MonthlyReport(user *models.User) templ.Component") {
		t.Error("the view's Go code was not made")
	}
}

func TestAPageIsInTheNavigationWhereThatIsWanted(t *testing.T) {
	c := newClone(t).succeeds("page", "--nav", "reports")
	c.holds("views/layout/layout.templ", "\t\t{Href: \"/reports\", Icon: ui.IconFolder, Label: \"Reports\"},\n\t\t{Href: \"/account\"")
}

func TestAPageThatIsInTheWayOfSomethingIsRefused(t *testing.T) {
	c := newClone(t).succeeds("page", "reports")
	c.refuses("views/reports.templ is there already", "page", "Reports")
	for name, words := range map[string]string{
		"login":       "/login is an address of the site already",
		"home":        "Home is declared in views already",
		"build linux": "would not be part of every build",
		"größe":       "letters a to z",
	} {
		c.refuses(words, "page", name)
	}
}

func TestPageSaysWhatIsWrongWithItsWords(t *testing.T) {
	c := newClone(t)
	c.refuses("Give the page one name", "page")
	c.refuses("Give the page one name", "page", "two", "names")
	c.refuses("--colour is not known here", "page", "reports", "--colour=red")
	c.refuses("is no command", "paeg", "reports")
}
