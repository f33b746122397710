package middleware

import (
	"maps"
	"net/http"

	"github.com/labstack/echo/v4"
)

// policy lets a page load only what this site serves. It allows no inline
// script or style, no framing by other sites, no base element, and no form to
// another site.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; " +
	"connect-src 'self'; " +
	"manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Headers sets the security headers of every response, errors included (ASVS
// 5.0 V3.4).
func Headers(https bool) echo.MiddlewareFunc {
	headers := http.Header{
		"Content-Security-Policy":      {policy},
		"X-Content-Type-Options":       {"nosniff"},
		"Referrer-Policy":              {"same-origin"},
		"Cross-Origin-Opener-Policy":   {"same-origin"},
		"Cross-Origin-Resource-Policy": {"same-origin"},
		"X-Frame-Options":              {"DENY"},
		"Permissions-Policy":           {"camera=(), geolocation=(), microphone=(), payment=(), usb=()"},
		// Pages depend on the user. Assets set a header of their own.
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
