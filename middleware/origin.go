package middleware

import (
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"
)

// ErrForeignOrigin is the answer to a form that was not sent from this site's own pages.
var ErrForeignOrigin = echo.NewHTTPError(http.StatusForbidden, "foreign origin")

// CheckOrigin refuses every request that may change something unless it proves that a page of this very site sent it
// (ASVS 3.5.1). It is stricter than http.CrossOriginProtection, which lets pass what proves nothing at all and compares hosts
// without their scheme. The proof is
//   - an Origin equal to site's scheme, host and port, or
//   - no Origin, or the "null" that browsers send from pages without a referrer, beside Sec-Fetch-Site: same-origin, for a
//     request to site's own host, or
//   - that "null" without a Sec-Fetch-Site, which Safari sends since 16.4, where proves finds the form's own proof;
//
// and a browser that says itself that another site sent the request is believed.
//
// local adds, for development over http, an Origin whose host is the one the request was sent to: a phone on the local
// network, or a reloading proxy.
//
// The log is told once of a proxy that keeps the Host that browsers ask for to itself: with it most forms go through, and those on pages
// without a referrer are refused.
func CheckOrigin(site *url.URL, local bool, proves func(*http.Request) bool, log *slog.Logger) echo.MiddlewareFunc {
	var warned sync.Once
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			switch r.Method {
			case http.MethodGet, http.MethodHead, http.MethodOptions:
				return next(c)
			}
			if !local && hostIsLost(r, site) {
				warned.Do(func() {
					log.WarnContext(r.Context(), "a form of this site came with another Host than APP_URL's, so mailed links lead to forms that are refused; "+
						"have the proxy in front keep the Host: ProxyPreserveHost On in Apache, proxy_set_header Host $host in nginx", "host", r.Host, "app_url", site.String())
				})
			}
			if !provesOrigin(r, site, local) && !(isUnknown(r) && proves(r)) {
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
	if origins[0] == site.String() {
		return true
	}
	return local && origins[0] == "http://"+r.Host
}

// isUnknown reports whether the browser hides the origin of the request, and says
// nothing else about it.
func isUnknown(r *http.Request) bool {
	return slices.Equal(r.Header.Values("Origin"), []string{"null"}) && r.Header.Get("Sec-Fetch-Site") == ""
}

// hostIsLost says whether a browser that is at site sent the request, and something between made it one for another host.
func hostIsLost(r *http.Request, site *url.URL) bool {
	return r.Header.Get("Origin") == site.String() && !strings.EqualFold(r.Host, site.Host)
}

// OneName sends a browser that came by another name of this machine, such as 127.0.0.1, to the one in APP_URL: cookies and
// passkeys belong to a name. For development alone.
func OneName(site *url.URL) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.Method == http.MethodGet && OnThisMachine(r.Host) && OnThisMachine(site.Host) && hostname(r.Host) != site.Hostname() {
				return c.Redirect(http.StatusTemporaryRedirect, site.String()+r.URL.RequestURI())
			}
			return next(c)
		}
	}
}

// OnThisMachine says whether a host, with a port or without, is the very machine that the browser runs on.
func OnThisMachine(hostport string) bool {
	host := hostname(hostport)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hostname(hostport string) string { return (&url.URL{Host: hostport}).Hostname() }
