//go:build !dev

package assets

import (
	"crypto/sha256"
	"fmt"
	"testing"
)

// The vendored file is dist/htmx.min.js of htmx.org 4.0.1 on npm, unchanged.
func TestHTMX_IsThePublishedFile(t *testing.T) {
	const published = "a0abb04f2f45a1f89d1d4844023245537e5e6014c87b144553e0607b4cc32130"
	if sum := fmt.Sprintf("%x", sha256.Sum256(all.byName["htmx.min.js"].content)); sum != published {
		t.Errorf("assets/htmx.min.js: got the SHA-256 %s, want %s", sum, published)
	}
}
