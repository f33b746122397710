package middleware

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// HTMX adapts responses for htmx. htmx receives the same page as a browser and
// takes the part that its element names. Three kinds of responses are not meant
// for that element:
//   - a redirect to the login page redirects the whole page;
//   - a refused form leaves the form on the page with its input, and
//     assets/htmx.js shows the reason;
//   - any other refusal, and a login page that carries a saved form, replaces
//     the whole page.
//
// A response with status 422 is the form itself, with its errors, and stays as
// it is. No response is stored, so none needs Vary.
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
		// The browser would follow a redirect before htmx sees it, and htmx
		// would put the login page into the element.
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

// backToPage returns the login address that leads back to the page that the
// user sees, not to the part that htmx requested. A part at the page's own
// address, such as search results, leads back to that address, because it has
// the search in it.
func backToPage(r *http.Request, login string) string {
	page := PathOf(r.Header.Get("HX-Current-URL"))
	path, _, _ := strings.Cut(page, "?")
	if r.Method == http.MethodGet && (page == "" || path == r.URL.EscapedPath()) {
		return login
	}
	return LoginTo(page)
}
