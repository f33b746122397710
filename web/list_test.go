package web

import (
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
)

func TestAnAddressAsksForAPartOfAList(t *testing.T) {
	for address, want := range map[string]models.Query{
		"/list":                          {},
		"/list?q=a+b&sort=-due&page=3":   {Search: "a b", Sort: "-due", Page: 3},
		"/list?page=x&q=%00":             {Search: "\x00"},
		"/list?page=9223372036854775808": {Page: 1<<63 - 1},
	} {
		c := echo.New().NewContext(httptest.NewRequest("GET", address, nil), nil)
		if got := ListQuery(c); got != want {
			t.Errorf("%s: %+v", address, got)
		}
	}
}
