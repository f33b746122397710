package middleware

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// HTMX fits what pages answer to what htmx asked for: it gets the whole page that everybody gets, and takes from it what its
// element names. Three answers are not for that element:
//   - one that leads to the login leads the whole page there;
//   - one that refuses a form leaves the form as it is, with what was typed, and assets/htmx.js says why;
//   - any other that refuses takes the place of the whole page, as does the login page that carries a form.
//
// 422 is none of these: it is the form itself, with its problems. No answer needs Vary: none is stored anywhere.
func HTMX(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if c.Request().Header.Get("HX-Request") == "true" {
			c.Response().Before(func() { fitHTMX(c.Request(), c.Response()) })
		}
		return next(c)
	}
}

func fitHTMX(r *http.Request, w *echo.Response) {
	to, header := w.Header().Get(echo.HeaderLocation), w.Header()
	switch {
	case w.Status == http.StatusSeeOther && (to == "/login" || strings.HasPrefix(to, "/login?")):
		// A redirect is followed before htmx sees it, and its page would be put into the element.
		header.Del(echo.HeaderLocation)
		header.Set("HX-Redirect", backToPage(r, to))
		w.Status = http.StatusNoContent
	case w.Status < http.StatusBadRequest || w.Status == http.StatusUnprocessableEntity:
	case r.Method != http.MethodGet && w.Status != http.StatusUnauthorized:
		header.Set("HX-Reswap", "none")
	default:
		header.Set("HX-Retarget", "body")
		header.Set("HX-Reswap", "outerHTML")
		header.Set("HX-Reselect", "body")
	}
}

// backToPage makes the page that asked the one that is gone back to, not the part that it asked for. A part at the page's own
// address, as a search is, has what was typed in its address and is gone back to itself.
func backToPage(r *http.Request, login string) string {
	page := PathOf(r.Header.Get("HX-Current-URL"))
	path, _, _ := strings.Cut(page, "?")
	if r.Method == http.MethodGet && (page == "" || path == r.URL.EscapedPath()) {
		return login
	}
	return LoginTo(page)
}
