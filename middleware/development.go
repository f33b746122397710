package middleware

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/config"
)

// DevelopmentOnly answers 404 to every request that may come from outside this
// machine and private networks. It protects the pages of development, which
// show all mail, where the program runs as development by mistake.
func DevelopmentOnly(log *slog.Logger) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			if reason := foreign(c.Request()); reason != "" {
				log.WarnContext(c.Request().Context(), "a development page was refused: it is shown on this machine and private networks only", "reason", reason)
				return echo.ErrNotFound
			}
			return next(c)
		}
	}
}

// foreign returns why a request may come from outside, and "" if it can't. The
// peer may be a proxy or a tunnel on this machine, so what proxies add to a
// request counts as well. A stranger who sends a forwarding header can only
// make the answer worse: one public address is enough to be refused.
func foreign(r *http.Request) string {
	switch {
	case !config.PrivateIP(hop(r.RemoteAddr)):
		return "the peer's address is public"
	case !config.PrivateHost(hostname(r.Host)):
		// Also a page of another site whose name was pointed at this machine (DNS rebinding).
		return "the Host is public"
	case !r.ProtoAtLeast(1, 1):
		return "HTTP/1.0 is what proxies speak, not browsers" // nginx does by default, and adds nothing
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

// claims returns the parts of a header that is a list.
func claims(r *http.Request, name string) (parts []string) {
	for _, value := range r.Header.Values(name) {
		for part := range strings.SplitSeq(value, ",") {
			parts = append(parts, strings.TrimSpace(part))
		}
	}
	return parts
}
