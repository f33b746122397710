package main

import (
	"slices"
	"strings"
	"testing"
)

func TestAPageIsTwoFilesAndOneLine(t *testing.T) {
	c := newClone(t)
	c.makes = true
	c.succeeds("page", "Zebra report")
	if added := c.added(); !slices.Equal(added, []string{"handlers/zebra_report_test.go", "views/zebra_report.templ"}) {
		t.Errorf("added: %q", added)
	}
	line := "\tapp.GET(\"/zebra-report\", h.page(views.ZebraReport))\n"
	if got := strings.Replace(c.read("handlers/routes.go"), line, "", 1); got != c.before["handlers/routes.go"].content {
		t.Error("routes.go has more than its line")
	}
	if !strings.Contains(c.read("views/zebra_report_templ.go"), "func ZebraReport(user *models.User) templ.Component") {
		t.Error("the view's Go code was not made")
	}
}

func TestAPageIsInTheNavigationWhereThatIsWanted(t *testing.T) {
	c := newClone(t).succeeds("page", "--nav", "zebras")
	c.holds("views/layout/layout.templ", "\t\t{Href: \"/zebras\", Icon: ui.IconFolder, Label: \"Zebras\"},\n\t\t{Href: \"/account\"")
}

func TestAPageThatIsInTheWayOfSomethingIsRefused(t *testing.T) {
	c := newClone(t).succeeds("page", "zebras")
	c.refuses("views/zebras.templ is there already", "page", "Zebras")
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
	c.refuses("--colour is not known here", "page", "zebras", "--colour=red")
	c.refuses("is no command", "paeg", "zebras")
}
