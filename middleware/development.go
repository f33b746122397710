package middleware

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/config"
)

// DevelopmentOnly answers 404 to a request that may come from outside this
// machine and private networks. The pages of development show all mail, so they
// must stay closed if the program runs as development by mistake.
func DevelopmentOnly(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if reason := foreign(c.Request()); reason != "" {
				log.WarnContext(c.Request().Context(), "a development page was refused: it is shown "+
					"on this machine and private networks only", "reason", reason)
				return echo.ErrNotFound
			}
			return next(c)
		}
	}
}

// foreign returns why a request may come from outside, or "". The peer may be a
// proxy or a tunnel on this machine, so the headers that proxies add count as
// well. A stranger can only harm themselves by forging them: one public address
// is enough to be refused.
func foreign(r *http.Request) string {
	switch {
	case !config.PrivateIP(hop(r.RemoteAddr)):
		return "the peer's address is public"
	case !config.PrivateHost(hostname(r.Host)):
		// A public Host also reveals DNS rebinding, where another site's name
		// points to this machine.
		return "the Host is public"
	case !r.ProtoAtLeast(1, 1):
		return "HTTP/1.0 is what proxies speak, not browsers" // nginx's default, without any header
	case r.Header.Get("Forwarded") != "" || r.Header.Get("Via") != "":
		return "a proxy forwarded it"
	}
	for _, host := range claims(r, "X-Forwarded-Host") {
		if !config.PrivateHost(hostname(host)) {
			return "X-Forwarded-Host is public"
		}
	}
	for _, name := range []string{echo.HeaderXForwardedFor, echo.HeaderXRealIP} {
		for _, address := range claims(r, name) {
			if !config.PrivateIP(hop(address)) {
				return name + " has a public address"
			}
		}
	}
	return ""
}

// claims returns the items of a header that is a list.
func claims(r *http.Request, name string) (parts []string) {
	for _, value := range r.Header.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			parts = append(parts, strings.TrimSpace(part))
		}
	}
	return parts
}
