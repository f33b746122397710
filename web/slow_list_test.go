package web

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/config"
	"example.com/gatehouse/models"
)

// RFC 9110 15.6.4: 503 with Retry-After.
func TestSlowList_SaysWhenToTryAgain(t *testing.T) {
	w := New(config.Config{AppName: "Acme", AppURL: &url.URL{Scheme: "http", Host: "localhost:3000"}}, nil, slog.New(slog.DiscardHandler), time.Now)
	answer := httptest.NewRecorder()
	w.fail(fmt.Errorf("list the notes: %w", models.ErrSlowList), echo.New().NewContext(httptest.NewRequest("GET", "/notes?q=x", nil), answer))
	if answer.Code != 503 || answer.Header().Get("Retry-After") != "5" || !strings.Contains(answer.Body.String(), "or search for something else") {
		t.Errorf("got %d, Retry-After %q: %s", answer.Code, answer.Header().Get("Retry-After"), answer.Body)
	}
}
