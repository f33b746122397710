package middleware

import (
	"github.com/labstack/echo/v4"
)

// policy lets a page load what this site serves and nothing else: no inline script or style, no frame around it, no base, no
// form that leaves.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
	"manifest-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// Headers puts on every response, errors included, what browsers need in order to protect the person (ASVS 3.4).
func Headers(https bool) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h["Content-Security-Policy"] = []string{policy}
			h["X-Content-Type-Options"] = []string{"nosniff"}
			h["Referrer-Policy"] = []string{"same-origin"}
			h["Cross-Origin-Opener-Policy"] = []string{"same-origin"}
			h["Cross-Origin-Resource-Policy"] = []string{"same-origin"}
			h["X-Frame-Options"] = []string{"DENY"}
			h["Permissions-Policy"] = []string{"camera=(), geolocation=(), microphone=(), payment=(), usb=()"}
			// Pages are made for one person at one moment; assets say otherwise for themselves.
			h["Cache-Control"] = []string{"no-store"}
			if https {
				h["Strict-Transport-Security"] = []string{"max-age=63072000; includeSubDomains"}
			}
			return next(c)
		}
	}
}
