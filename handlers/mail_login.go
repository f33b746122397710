package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// MailLoginPage asks where to mail a link and a code to log in with.
func (h *Handlers) MailLoginPage(c echo.Context) error {
	form := views.MailLoginForm{Errand: web.ErrandOf(c)}
	return h.web.Render(c, http.StatusOK, views.MailLogin(form, nil))
}

// MailLogin mails them, if there is an account to mail them to; the answer does not tell.
func (h *Handlers) MailLogin(c echo.Context) error {
	var form views.MailLoginForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	if form.From != "" && form.Email == "" {
		return h.web.Render(c, http.StatusOK, views.MailLogin(form, nil))
	}
	token, err := h.auth.RequestMailLogin(c.Request().Context(), form.Email, form.Remember, h.web.Browser(c), middleware.Client(c))
	if err != nil {
		return h.web.Again(c, form.Kept, err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, views.MailLogin(form, problems))
		})
	}
	// The link may be opened in another tab, which knows nothing of this one.
	err = errors.Join(
		h.cookies.Set(c.Response(), c.Request(), session.MailLogin.For(models.MailLoginLifetime), token),
		h.cookies.Set(c.Response(), c.Request(), session.ReturnTo, form.Next),
	)
	if err != nil {
		return err
	}
	if form.Kept != "" {
		return h.mailLoginSent(c, http.StatusOK, views.MailCodeForm{Kept: form.Kept}, nil)
	}
	return h.web.Redirect(c, "/login/mail/sent", "")
}

// MailLoginSent says to look into the mailbox, and takes the code.
func (h *Handlers) MailLoginSent(c echo.Context) error {
	if h.cookies.Get(c.Request(), session.MailLogin) == "" {
		return h.web.Redirect(c, "/login/mail", "")
	}
	return h.mailLoginSent(c, http.StatusOK, views.MailCodeForm{}, nil)
}

func (h *Handlers) mailLoginSent(c echo.Context, status int, form views.MailCodeForm, problems auth.Invalid) error {
	return h.web.Render(c, status, views.MailLoginSent(form, models.MailLoginLifetime, problems))
}

// MailLoginCode logs in with the code.
func (h *Handlers) MailLoginCode(c echo.Context) error {
	var form views.MailCodeForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Kept = web.CheckErrand(views.Errand{Kept: form.Kept}).Kept
	user, authn, err := h.auth.LogInByMailedCode(c.Request().Context(), form.Code, h.web.Browser(c), middleware.Client(c))
	switch {
	case errors.Is(err, auth.ErrTriesUsed):
		return h.mailAgain(c, form.Kept, "That was one wrong code too many. Ask for a new mail.")
	case errors.Is(err, auth.ErrInvalidLink):
		return h.mailAgain(c, form.Kept, "That mail is too old, or was replaced by a newer one. Ask for a new one.")
	case err != nil:
		return h.web.Again(c, form.Kept, err, func(status int, problems auth.Invalid) error { return h.mailLoginSent(c, status, form, problems) })
	}
	return h.mailedIn(c, user, authn, form.Kept)
}

// mailAgain leads back to where a mail is asked for, with what its person was sending.
// The cookie stays, since a newer request of this browser may have replaced it.
func (h *Handlers) mailAgain(c echo.Context, kept, why string) error {
	if kept == "" {
		return h.web.Redirect(c, "/login/mail", why)
	}
	form := views.MailLoginForm{Errand: views.Errand{Kept: kept}}
	return h.web.Render(c, http.StatusUnprocessableEntity, views.MailLogin(form, auth.Invalid{"": why}))
}

// MailLoginLinkPage shows what a mailed link would do; only its button does it, since mail scanners open links.
func (h *Handlers) MailLoginLinkPage(c echo.Context) error {
	h.web.HideToken(c)
	user, here, err := h.auth.MailLoginByLink(c.Request().Context(), web.LinkToken(c), h.web.Browser(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadMailLogin(c, err)
	}
	if err != nil {
		return err
	}
	if !here {
		return h.web.Render(c, http.StatusOK, views.MailLoginElsewhere())
	}
	return h.web.Render(c, http.StatusOK, views.MailLoginLink(views.MailLinkForm{Token: web.LinkToken(c)}, user.Email))
}

func (h *Handlers) deadMailLogin(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.web.Redirect(c, "/login/mail", "You already logged in with this link. Ask for a new one to log in again.")
	}
	return h.web.LinkInvalid(c, "It has been used, replaced by a newer one, or is too old. Ask for a new one; only the newest works.",
		"Mail me a new link", "/login/mail")
}

// MailLoginLink logs in with the link.
func (h *Handlers) MailLoginLink(c echo.Context) error {
	var form views.MailLinkForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	user, authn, err := h.auth.LogInByMailedLink(c.Request().Context(), form.Token, h.web.Browser(c), middleware.Client(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadMailLogin(c, err)
	}
	if err != nil {
		return err
	}
	return h.mailedIn(c, user, authn, "")
}

func (h *Handlers) mailedIn(c echo.Context, user *models.User, authn auth.Authentication, kept string) error {
	h.cookies.Clear(c.Response(), session.MailLogin)
	errand := views.Errand{Next: h.cookies.Take(c.Response(), c.Request(), session.ReturnTo), Kept: kept}
	return h.web.Login(c, user, authn, errand)
}
