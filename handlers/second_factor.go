package handlers

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/ui"
)

// askFor answers who has shown who they are and still owes something. What they were sending travels in the page; where they were going,
// in its address.
func (h *Handlers) askFor(c echo.Context, entry auth.Entry, errand views.Errand) error {
	if err := h.cookies.Set(c.Response(), c.Request(), session.SignIn, entry.Browser.SignIn); err != nil {
		return err
	}
	if errand.Kept == "" {
		return c.Redirect(http.StatusSeeOther, withNext(dutyPage(entry.Owes), errand.Next))
	}
	pending, err := h.auth.PendingSignIn(c.Request().Context(), entry.Browser.SignIn)
	if err != nil || pending == nil {
		return errors.Join(err, h.signInIsOver(c))
	}
	return h.secondFactor(c, http.StatusUnauthorized, pending, views.FactorForm{Errand: checked(errand)}, nil)
}

// dutyPage is where a duty is asked for.
func dutyPage(duty auth.Duty) string {
	return map[auth.Duty]string{
		auth.DutySecondFactor: "/login/factor",
	}[duty]
}

func withNext(path, next string) string {
	if next = auth.SafeNext(next); next != "" {
		path += "?next=" + url.QueryEscape(next)
	}
	return path
}

// signInIsOver answers a page of the sign-in to who has not begun one, or took too long.
func (h *Handlers) signInIsOver(c echo.Context) error {
	h.cookies.Clear(c.Response(), session.SignIn)
	return c.Redirect(http.StatusSeeOther, "/login")
}

// SecondFactorPage asks for the second factor.
func (h *Handlers) SecondFactorPage(c echo.Context, p *auth.Pending) error {
	return h.secondFactor(c, http.StatusOK, p, views.FactorForm{Errand: views.Errand{Next: auth.SafeNext(c.QueryParam("next"))}}, nil)
}

func (h *Handlers) secondFactor(c echo.Context, status int, p *auth.Pending, form views.FactorForm, problems auth.Invalid) error {
	factors, err := h.auth.FactorsOf(c.Request().Context(), &p.User)
	if err != nil {
		return err
	}
	return h.render(c, status, views.SecondFactor(form, factors, problems))
}

// SecondFactor checks it, and signs in.
func (h *Handlers) SecondFactor(c echo.Context, p *auth.Pending) error {
	var form views.FactorForm
	if err := bind(c, &form); err != nil {
		return err
	}
	form.Errand = checked(form.Errand)
	if form.Choose != "" {
		return h.secondFactor(c, http.StatusOK, p, form.Chosen(), nil)
	}
	proof, err := h.auth.CompleteFactor(c.Request().Context(), p, form.Factor, form.Answer, middleware.Client(c))
	if invalid, ok := errors.AsType[auth.Invalid](err); ok {
		return h.secondFactor(c, http.StatusUnprocessableEntity, p, form, invalid)
	}
	if errors.Is(err, auth.ErrTriesUsed) {
		return h.redirect(c, "/login", "That were too many wrong codes. Please log in again.")
	}
	if err != nil {
		return err
	}
	return h.signIn(c, &p.User, proof, form.Errand)
}

// factorAdded answers who has added a second factor. The first one is safe to have only with something to fall back on.
func (h *Handlers) factorAdded(c echo.Context, viewer *auth.Viewer, notice string) error {
	if left, err := h.auth.RecoveryCodesLeft(c.Request().Context(), viewer); err != nil || left == 0 { // feature:recovery_codes
		return errors.Join(err, h.redirect(c, "/account/recovery-codes", notice+" Now make recovery codes, for the day you lose it.")) // feature:recovery_codes
	} // feature:recovery_codes
	return h.redirectOffering(c, "/account/security", ui.Message{Text: notice + " Other devices are still logged in as before.",
		Action: "/account/sessions/end-others", Label: "Log them out"})
}
