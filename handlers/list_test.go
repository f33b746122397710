package handlers

import (
	"context"
	"errors"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/models"
	"example.com/gatehouse/models/modelstest"
)

func TestAnAddressAsksForAPartOfAList(t *testing.T) {
	for address, want := range map[string]models.Query{
		"/list":                          {},
		"/list?q=a+b&sort=-due&page=3":   {Search: "a b", Sort: "-due", Page: 3},
		"/list?page=x&q=%00":             {Search: "\x00"},
		"/list?page=9223372036854775808": {Page: 1<<63 - 1},
	} {
		c := echo.New().NewContext(httptest.NewRequest("GET", address, nil), nil)
		if got := query(c); got != want {
			t.Errorf("%s: %+v", address, got)
		}
	}
}

func TestAStatementEndsWithItsRequest(t *testing.T) {
	h := &Handlers{db: modelstest.Open(t)}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	c := echo.New().NewContext(httptest.NewRequest("GET", "/", nil).WithContext(gone), nil)
	if err := h.database(c).Take(&models.User{}).Error; !errors.Is(err, context.Canceled) {
		t.Errorf("it gives: %v", err)
	}
}
