package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// SecondFactorPage asks for the second factor.
func (h *Handlers) SecondFactorPage(c echo.Context, p *auth.PendingLogin) error {
	return h.askSecondFactor(c, http.StatusOK, p, web.ErrandOf(c))
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
	return h.web.Render(c, status, views.SecondFactor(form, h.web.Factors(factors), problems))
}

// SecondFactor checks it, and logs in.
func (h *Handlers) SecondFactor(c echo.Context, p *auth.PendingLogin) error {
	var form views.FactorForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	if form.Choose != "" {
		return h.secondFactor(c, http.StatusOK, p, form.Chosen(), nil)
	}
	authn, err := h.auth.CompleteFactor(c.Request().Context(), p, form.Factor, form.Answer)
	if errors.Is(err, auth.ErrTriesUsed) && p.Authentication().Resets() {
		return h.web.Redirect(c, "/password/forgot", "There were too many wrong codes. Open the link in our mail once more, or ask for a new one.")
	}
	if errors.Is(err, auth.ErrTriesUsed) {
		return h.web.LoginAgain(c, form.Errand, "There were too many wrong codes. Please log in again.")
	}
	if err != nil {
		return h.web.Again(c, form.Kept, err, func(status int, problems auth.Invalid) error { return h.secondFactor(c, status, p, form, problems) })
	}
	for _, option := range h.auth.LoginOptions() {
		if web.IsTicked(c.Request().PostFormValue(option)) {
			authn.Options = append(authn.Options, option)
		}
	}
	return h.web.Login(c, &p.User, authn, form.Errand)
}
