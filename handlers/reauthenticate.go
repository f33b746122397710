package handlers

import (
	"cmp"
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

const reauthPath = "/account/prove"

// askToReauthenticate answers auth.ErrReauthRequired: the person proves who they are, and then the page that they asked for opens, or the form that
// they were sending goes through. One with a file, which is not kept, opens its page again.
func (h *Handlers) askToReauthenticate(c echo.Context, actor *auth.Actor) error {
	r := c.Request()
	if r.Method != http.MethodPost {
		return c.Redirect(http.StatusSeeOther, middleware.WithNext(reauthPath, r.URL.RequestURI()))
	}
	errand := views.Errand{Next: auth.SafeNext(middleware.PathOf(r.Referer()))}
	if form, err := sentForm(r, nothing); err == nil && !form.Files {
		plain, err := json.Marshal(form)
		if err != nil {
			return err
		}
		errand.Kept, err = h.auth.KeepForReauth(actor, plain)
		if err != nil && !errors.Is(err, auth.ErrTooMuch) {
			return err
		}
	}
	return h.reauthenticate(c, http.StatusUnauthorized, actor, views.FactorForm{Errand: errand}, nil)
}

// ReauthenticatePage asks for a fresh proof of who is there.
func (h *Handlers) ReauthenticatePage(c echo.Context, actor *auth.Actor) error {
	return h.reauthenticate(c, http.StatusOK, actor, views.FactorForm{Errand: asked(c)}, nil)
}

func (h *Handlers) reauthenticate(c echo.Context, status int, actor *auth.Actor, form views.FactorForm, problems auth.Invalid) error {
	factors, err := h.auth.FactorsOf(c.Request().Context(), &actor.User)
	if err != nil {
		return err
	}
	return h.render(c, status, views.Reauthenticate(&actor.User, form, factors, problems))
}

// Reauthenticate checks it, and carries on with what it was asked for.
func (h *Handlers) Reauthenticate(c echo.Context, actor *auth.Actor) error {
	var form views.FactorForm
	if err := bind(c, &form); err != nil {
		return err
	}
	form.Errand = checked(form.Errand)
	if form.Choose != "" {
		return h.reauthenticate(c, http.StatusOK, actor, form.Chosen(), nil)
	}
	token, err := h.auth.Reauthenticate(c.Request().Context(), actor, form.Factor, form.Answer)
	show := func(status int, problems auth.Invalid) error {
		return h.reauthenticate(c, status, actor, form, problems)
	}
	const wait = "There were too many wrong answers. Wait ten minutes, then try again."
	switch {
	case errors.Is(err, auth.ErrTriesUsed) && form.Kept != "":
		return show(http.StatusTooManyRequests, auth.Invalid{"": wait})
	case errors.Is(err, auth.ErrTriesUsed):
		return h.redirect(c, "/account", wait)
	case err != nil:
		return h.again(c, form.Kept, err, show)
	}
	if err := h.renew(c, actor, token); err != nil {
		return err
	}
	if kept, ok := h.auth.KeptForReauth(actor, form.Kept); ok {
		return h.sendKept(c, kept)
	}
	return h.redirect(c, cmp.Or(form.Next, "/account"), "")
}

// renew gives the browser the new token of its session.
func (h *Handlers) renew(c echo.Context, actor *auth.Actor, token string) error {
	cookie := session.Session
	if actor.Session.Remember {
		cookie = cookie.For(actor.Session.ExpiresAt.Sub(h.now()))
	}
	return h.cookies.Set(c.Response(), c.Request(), cookie, token)
}

// sendKept carries out the form that a proof was asked for, as if it had been sent now.
func (h *Handlers) sendKept(c echo.Context, kept []byte) error {
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
	h.cookies.Carry(r, c.Response())
	c.Echo().ServeHTTP(c.Response(), r)
	return nil
}
