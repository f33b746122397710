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

// ErrForeignOrigin is returned for a form that was not sent from a page of this
// site.
var ErrForeignOrigin = echo.NewHTTPError(http.StatusForbidden, "foreign origin")

// CheckOrigin refuses every request that may change state unless it proves that
// a page of this site sent it (ASVS 5.0 V3.5.1). http.CrossOriginProtection is
// weaker: it admits requests without any proof and compares hosts without their
// scheme. Proof is
//   - an Origin equal to site's scheme, host, and port;
//   - no Origin, or the "null" that browsers send from pages without a
//     referrer, together with Sec-Fetch-Site: same-origin, for a request to
//     site's own host; or
//   - that "null" without a Sec-Fetch-Site, as Safari 16.4 and later send it,
//     if proves finds the token of the form.
//
// If the browser says that another site sent the request, it is refused in any
// case.
//
// With local, for development over http, an Origin with the host of the request
// is proof too. A phone on the local network needs that, and a reloading proxy.
//
// CheckOrigin logs once if a proxy replaces the Host that browsers send. Most
// forms work with such a proxy, but those on pages without a referrer are
// refused.
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
					log.WarnContext(r.Context(), "the Host of a form is not that of APP_URL, so forms behind mailed "+
						"links are refused; "+
						"configure the proxy to keep the Host: ProxyPreserveHost On in Apache, "+
						"proxy_set_header Host $host in nginx", "host", r.Host, "app_url", site.String())
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

// isUnknown reports whether the browser sent no information about the origin.
func isUnknown(r *http.Request) bool {
	return slices.Equal(r.Header.Values("Origin"), []string{"null"}) && r.Header.Get("Sec-Fetch-Site") == ""
}

// hostIsLost reports whether a page of site sent the request and a proxy
// changed its Host.
func hostIsLost(r *http.Request, site *url.URL) bool {
	return r.Header.Get("Origin") == site.String() && !strings.EqualFold(r.Host, site.Host)
}

// OneName redirects a browser that uses another name of this machine, such as
// 127.0.0.1, to the host in APP_URL. Cookies and passkeys belong to one name.
// It is used in development only.
func OneName(site *url.URL) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			r := c.Request()
			if r.Method == http.MethodGet && OnThisMachine(r.Host) && OnThisMachine(site.Host) &&
				hostname(r.Host) != site.Hostname() {
				return c.Redirect(http.StatusTemporaryRedirect, site.String()+r.URL.RequestURI())
			}
			return next(c)
		}
	}
}

// OnThisMachine reports whether a host, with or without a port, is the machine
// that the browser runs on.
func OnThisMachine(hostport string) bool {
	host := hostname(hostport)
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func hostname(hostport string) string { return (&url.URL{Host: hostport}).Hostname() }
