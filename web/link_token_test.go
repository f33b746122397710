package web

import (
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

// One token in 4,096 begins as an encoded "=" does (RFC 2045 6.7).
func TestLinkToken_KeepsATokenThatBeginsLikeJunk(t *testing.T) {
	token := "3D" + strings.Repeat("x", 41)
	for _, mangled := range []string{token, token + ".", token + "\r\n", token + ">.", token + "%20", "3D" + token, "3D" + token + "."} {
		c := echo.New().NewContext(httptest.NewRequest("GET", "/?token="+url.QueryEscape(mangled), nil), httptest.NewRecorder())
		if got := LinkToken(c); got != token {
			t.Errorf("of %q: got %q, want %q", mangled, got, token)
		}
	}
}
