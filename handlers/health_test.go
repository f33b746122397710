package handlers

import (
	"log/slog"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/config"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/models/modelstest"
	"example.com/gatehouse/web"
)

// Clients that wait while a check is slow get its answer: in turn, each with a
// check of its own, they would keep a load balancer waiting (ASVS 15.2.2).
func TestReadyz_AnswersThoseWhoWaitWithOneSlowCheck(t *testing.T) {
	db := modelstest.Open(t)
	now := time.Now()
	slow := func() time.Time { now = now.Add(readinessLasts / 2); return now } // three calls to a check
	o := Options{Config: config.Config{AppURL: &url.URL{Scheme: "https"}}, DB: db, Outbox: &mail.Outbox{},
		Log: slog.New(slog.DiscardHandler), Now: slow}
	h := New(web.New(o.Config, nil, o.Log, o.Now), o)
	ask := func() int {
		answer := httptest.NewRecorder()
		if err := h.Readyz(echo.New().NewContext(httptest.NewRequest("GET", "/readyz", nil), answer)); err != nil {
			t.Fatal(err)
		}
		return answer.Code
	}
	if got := ask(); got != 200 {
		t.Fatalf("the first: got %d, want 200", got)
	}
	if err := db.Exec("DROP TABLE write_probes").Error; err != nil {
		t.Fatal(err)
	}
	if got := ask(); got != 200 {
		t.Errorf("the next: got %d from a check of its own, want the first one's 200", got)
	}
	if got := ask(); got != 503 {
		t.Errorf("a second later: got %d, want 503", got)
	}
}
