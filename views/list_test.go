package views

import (
	"testing"

	"example.com/gatehouse/models"
)

func TestAListIsShownAsItWasAnswered(t *testing.T) {
	list := models.List[int]{Query: models.Query{Search: "a b", Sort: "-due", Page: 2}, Size: 20, Total: 41}
	if got := listAt("/invoices", list); got.Link(3) != "/invoices?page=3&q=a+b&sort=-due" || got.Pages() != 3 {
		t.Errorf("%+v leads to %s", got, got.Link(3))
	}
}
