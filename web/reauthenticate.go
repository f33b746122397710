package web

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
)

// ReauthPath is the address of the page that asks for reauthentication.
const ReauthPath = "/account/prove"

// askToReauthenticate answers auth.ErrReauthRequired: the person proves who they are, and then the page that they asked for opens, or the form that
// they were sending goes through. One with a file, which is not kept, opens its page again.
func (w *Web) askToReauthenticate(c echo.Context, actor *auth.Actor) error {
	r := c.Request()
	if r.Method != http.MethodPost {
		return c.Redirect(http.StatusSeeOther, middleware.WithNext(ReauthPath, r.URL.RequestURI()))
	}
	errand := views.Errand{Next: auth.SafeNext(middleware.PathOf(r.Referer()))}
	if form, err := sentForm(r, nothing); err == nil && !form.Files {
		plain, err := json.Marshal(form)
		if err != nil {
			return err
		}
		errand.Kept, err = w.auth.KeepForReauth(actor, plain)
		if err != nil && !errors.Is(err, auth.ErrTooMuch) {
			return err
		}
	}
	return w.reauth(c, http.StatusUnauthorized, actor, views.FactorForm{Errand: errand}, nil)
}

// Renew gives the browser the new token of its session.
func (w *Web) Renew(c echo.Context, actor *auth.Actor, token string) error {
	cookie := session.Session
	if actor.Session.Remember {
		cookie = cookie.For(actor.Session.ExpiresAt.Sub(w.now()))
	}
	return w.cookies.Set(c.Response(), c.Request(), cookie, token)
}

// SendSaved carries out the form that a proof was asked for, as if it had been sent now.
func (w *Web) SendSaved(c echo.Context, kept []byte) error {
	var form views.KeptForm
	if err := json.Unmarshal(kept, &form); err != nil {
		return err
	}
	target, err := url.Parse(form.Action)
	if err != nil {
		return err
	}
	fields := url.Values{}
	for _, f := range form.Fields {
		fields.Add(f.Name, f.Value)
	}
	body := fields.Encode()
	r := c.Request().Clone(c.Request().Context())
	r.URL, r.RequestURI = target, form.Action
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	r.Form, r.PostForm, r.MultipartForm = nil, nil, nil
	r.Header.Set("Content-Type", echo.MIMEApplicationForm)
	w.cookies.Carry(r, c.Response())
	c.Echo().ServeHTTP(c.Response(), r)
	return nil
}
