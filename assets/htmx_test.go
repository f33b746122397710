//go:build !dev

package assets

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// What is vendored is what npm has as htmx.org 4.0.1, dist/htmx.min.js: nobody patches it in passing.
func TestTheVendoredHTMXIsTheOneThatWasPublished(t *testing.T) {
	const published = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
	if sum := fmt.Sprintf("%x", sha256.Sum256(all.byName["htmx.min.js"].content)); sum != published {
		t.Errorf("assets/htmx.min.js has the SHA-256 %s, not %s", sum, published)
	}
}
