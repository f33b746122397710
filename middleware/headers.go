package middleware

import (
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"
)

// policy lets a page load what this site serves and nothing else: no inline script or style, no frame around it, no base, no
// form that leaves.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Headers puts on every response, errors included, what browsers need in order to protect the person (ASVS 3.4).
func Headers(https bool) echo.MiddlewareFunc {
	headers := http.Header{
		"Content-Security-Policy":      {policy},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"same-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"X-Frame-Options":              {"DENY"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		// Pages are made for one person at one moment; assets say otherwise for themselves.
		"Cache-Control": {"no-store"},
	}
	if https {
		headers["Strict-Transport-Security"] = []string{"max-age=63072000; includeSubDomains"}
	}
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			maps.Copy(c.Response().Header(), headers)
			return next(c)
		}
	}
}
