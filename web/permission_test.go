package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/config"
	"example.com/gatehouse/middleware"
)

// The guard refuses by itself, whatever the handler behind it checks.
func TestUserGroup_MayAdmitsUsersWithThePermission(t *testing.T) {
	router := &Router{web: New(config.Config{AppURL: &url.URL{Scheme: "https"}}, nil, nil, nil), echo: echo.New()}
	var actor *auth.Actor
	load := func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			c.Set("actor", actor) // as LoadActor does
			return next(c)
		}
	}
	var refused error
	router.echo.HTTPErrorHandler = func(err error, c echo.Context) { refused = err }
	app := UserGroup{GroupOf[*auth.Actor]{router.group("logged in", load), middleware.Actor}}
	app.May(auth.ReadReports).GET("/reports", func(c echo.Context, _ *auth.Actor) error { return c.NoContent(http.StatusOK) })
	if got := router.Routes()[0]; got.Guard != "may reports.read" || got.Permission != auth.ReadReports {
		t.Errorf("got the guard %q and the permission %q, want both to name reports.read", got.Guard, got.Permission)
	}
	for _, permissions := range [][]auth.Permission{nil, {"reports.write"}, {"reports.write", auth.ReadReports}} {
		actor, refused = &auth.Actor{Permissions: permissions}, nil
		router.echo.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/reports", nil))
		if got, want := refused == nil, actor.May(auth.ReadReports); got != want {
			t.Errorf("got in with %v: %t (%v), want %t", permissions, got, refused, want)
		}
	}
}
