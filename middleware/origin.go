package middleware

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// ErrForeignOrigin is the answer to a form that was not sent from this site's own pages.
var ErrForeignOrigin = echo.NewHTTPError(http.StatusForbidden, "foreign origin")

// CheckOrigin refuses every request that may change something unless it proves that a page of this very site sent it
// (ASVS 3.5.1). It is stricter than http.CrossOriginProtection, which lets pass what proves nothing at all and compares hosts
// without their scheme. The proof is
//   - an Origin equal to site's scheme, host and port, or
//   - no Origin, or the "null" that browsers send from pages without a referrer, beside Sec-Fetch-Site: same-origin, for a
//     request to site's own host;
//
// and a browser that says itself that another site sent the request is believed.
//
// local adds, for development over http, an Origin whose host is the one the request was sent to: a phone on the local
// network, or a reloading proxy.
func CheckOrigin(site *url.URL, local bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			switch r.Method {
			case http.MethodGet, http.MethodHead, http.MethodOptions:
				return next(c)
			}
			if !provesOrigin(r, site, local) {
				return ErrForeignOrigin
			}
			return next(c)
		}
	}
}

func provesOrigin(r *http.Request, site *url.URL, local bool) bool {
	origins, fetchSite := r.Header.Values("Origin"), r.Header.Get("Sec-Fetch-Site")
	if fetchSite == "cross-site" || fetchSite == "same-site" || len(origins) > 1 {
		return false
	}
	if len(origins) == 0 || origins[0] == "null" {
		return fetchSite == "same-origin" && (strings.EqualFold(r.Host, site.Host) || local)
	}
	if origins[0] == site.Scheme+"://"+site.Host {
		return true
	}
	return local && origins[0] == "http://"+r.Host
}

// OneName sends a browser that came by another name of this machine, such as 127.0.0.1, to the one in APP_URL: cookies and
// passkeys belong to a name. For development alone.
func OneName(site *url.URL) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.Method == http.MethodGet && isLoopback(r.Host) && isLoopback(site.Host) && hostname(r.Host) != site.Hostname() {
				return c.Redirect(http.StatusTemporaryRedirect, site.String()+r.URL.RequestURI())
			}
			return next(c)
		}
	}
}

func isLoopback(hostport string) bool {
	host := hostname(hostport)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hostname(hostport string) string { return (&url.URL{Host: hostport}).Hostname() }
