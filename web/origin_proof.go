package web

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/session"
	"example.com/gatehouse/views/ui"
)

// HideToken keeps the token in the page's address from going anywhere (ASVS
// 3.4.5). The page's forms then come from the origin "null". Browsers that send
// Sec-Fetch-Site are known by that. For the others, Safari before 16.4 and every
// browser at a plain-http address of the local network, the forms carry a proof
// of where they come from.
func (w *Web) HideToken(c echo.Context) {
	c.Response().Header().Set("Referrer-Policy", "no-referrer")
	c.Set(needsProofKey, c.Request().Header.Get("Sec-Fetch-Site") == "")
}

const needsProofKey = "needs_origin_proof"

// originProof returns what the forms of the page prove their origin with; ""
// for a page whose forms need nothing. It belongs to a cookie, which the browser
// gets with the page.
func (w *Web) originProof(c echo.Context) (string, error) {
	if needed, _ := c.Get(needsProofKey).(bool); !needed {
		return "", nil
	}
	token := w.cookies.Get(c.Request(), session.OriginProof)
	if token == "" {
		token = rand.Text()
		if err := w.cookies.Set(c.Response(), c.Request(), session.OriginProof, token); err != nil {
			return "", err
		}
	}
	return proofOf(token), nil
}

// proofOf is not the token itself: what a page shows must not make a cookie.
func proofOf(token string) string {
	sum := sha256.Sum256([]byte("origin proof " + token))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// maxProven is the longest form that is read for a proof. The forms of mailed
// links have a token and a password.
const maxProven = 16 << 10

// provesOrigin reports whether a form from the origin "null" carries the proof
// that belongs to its browser's cookie. A sandboxed frame or a data: URL of an
// attacker sends "null" as well. The browser withholds the cookie from them,
// which is SameSite and has the prefix __Host-; and the attacker, who cannot read
// our pages, does not know the proof that belongs to it.
func (w *Web) provesOrigin(r *http.Request) bool {
	token := w.cookies.Get(r, session.OriginProof)
	if token == "" || r.ContentLength < 0 || r.ContentLength > maxProven {
		return false // a visitor's body is not read before it has to be
	}
	if media, _, _ := strings.Cut(r.Header.Get(echo.HeaderContentType), ";"); media != echo.MIMEApplicationForm || r.ParseForm() != nil {
		return false
	}
	sent := r.PostForm[ui.OriginProofField]
	return len(sent) == 1 && subtle.ConstantTimeCompare([]byte(sent[0]), []byte(proofOf(token))) == 1
}
