package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
)

// askFor answers who has shown who they are and still owes something. What they were sending travels in the page; where they were going,
// in its address.
func (h *Handlers) askFor(c echo.Context, entry auth.LoginResult, errand views.Errand) error {
	if err := h.cookies.Set(c.Response(), c.Request(), session.PendingLogin, entry.Browser.PendingLogin); err != nil {
		return err
	}
	step := h.steps()[entry.PendingLogin.Step]
	if errand.Kept == "" {
		return c.Redirect(http.StatusSeeOther, middleware.WithNext(step.page, errand.Next))
	}
	return step.ask(c, http.StatusUnauthorized, entry.PendingLogin, checked(errand))
}

// duty is where something that is owed is asked for.
type step struct {
	page string
	ask  func(echo.Context, int, *auth.PendingLogin, views.Errand) error
}

func (h *Handlers) steps() map[auth.Step]step {
	return map[auth.Step]step{
		auth.FactorStep:   {"/login/factor", h.askSecondFactor},
		auth.PasswordStep: {"/login/password", h.askNewPassword},
		auth.TermsStep:    {"/login/terms", h.askTerms}, // feature:terms
	}
}

// loginEnded answers a page of the login to who has not begun one, or took too long.
func (h *Handlers) loginEnded(c echo.Context) error {
	h.cookies.Clear(c.Response(), session.PendingLogin)
	errand := sentErrand(c)
	if errand.Kept == "" { // perhaps another press was first: then the login page sends who is in on
		return c.Redirect(http.StatusSeeOther, middleware.LoginTo(errand.Next))
	}
	return h.logInAgain(c, errand, "That login is over, or took too long. Please log in again.")
}

// SecondFactorPage asks for the second factor.
func (h *Handlers) SecondFactorPage(c echo.Context, p *auth.PendingLogin) error {
	return h.askSecondFactor(c, http.StatusOK, p, asked(c))
}

func (h *Handlers) askSecondFactor(c echo.Context, status int, p *auth.PendingLogin, errand views.Errand) error {
	return h.secondFactor(c, status, p, views.FactorForm{Errand: errand}, nil)
}

func (h *Handlers) secondFactor(c echo.Context, status int, p *auth.PendingLogin, form views.FactorForm, problems auth.Invalid) error {
	factors, err := h.auth.FactorsOf(c.Request().Context(), &p.User)
	if err != nil {
		return err
	}
	form.Resets = p.Authentication().Resets()
	return h.render(c, status, views.SecondFactor(form, factors, problems))
}

// SecondFactor checks it, and logs in.
func (h *Handlers) SecondFactor(c echo.Context, p *auth.PendingLogin) error {
	var form views.FactorForm
	if err := bind(c, &form); err != nil {
		return err
	}
	form.Errand = checked(form.Errand)
	if form.Choose != "" {
		return h.secondFactor(c, http.StatusOK, p, form.Chosen(), nil)
	}
	authn, err := h.auth.CompleteFactor(c.Request().Context(), p, form.Factor, form.Answer)
	if errors.Is(err, auth.ErrTriesUsed) && p.Authentication().Resets() {
		return h.redirect(c, "/password/forgot", "There were too many wrong codes. Open the link in our mail once more, or ask for a new one.")
	}
	if errors.Is(err, auth.ErrTriesUsed) {
		return h.logInAgain(c, form.Errand, "There were too many wrong codes. Please log in again.")
	}
	if err != nil {
		return h.again(c, form.Kept, err, func(status int, problems auth.Invalid) error { return h.secondFactor(c, status, p, form, problems) })
	}
	for _, option := range h.auth.LoginOptions() {
		if isTicked(c.Request().PostFormValue(option)) {
			authn.Options = append(authn.Options, option)
		}
	}
	return h.startLogin(c, &p.User, authn, form.Errand)
}
