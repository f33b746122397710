package handlers

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/views/ui"
	"example.com/gatehouse/web"
)

// TermsPage shows the terms of use to anyone.
func (h *Handlers) TermsPage(c echo.Context) error {
	return h.web.Render(c, http.StatusOK, views.Terms(h.config.TermsVersion))
}

// addTermsLink links to the terms from the foot of pages, where users are asked
// to accept them.
func (h *Handlers) addTermsLink(_ echo.Context, _ *auth.Actor, r *layout.Request) {
	if h.config.TermsVersion != "" {
		r.Foot = append(r.Foot, ui.Link{Href: "/terms", Label: "Terms"})
	}
}

// AcceptTermsPage asks for the terms that a login owes.
func (h *Handlers) AcceptTermsPage(c echo.Context, p *auth.PendingLogin) error {
	return h.askTerms(c, http.StatusOK, p, web.ErrandOf(c))
}

func (h *Handlers) askTerms(c echo.Context, status int, p *auth.PendingLogin, errand views.Errand) error {
	return h.acceptTerms(c, status, p, errand, nil)
}

func (h *Handlers) acceptTerms(c echo.Context, status int, p *auth.PendingLogin, errand views.Errand, problems auth.Invalid) error {
	former, err := h.auth.FormerTerms(c.Request().Context(), p)
	if err != nil {
		return err
	}
	form := views.TermsForm{Version: h.config.TermsVersion, Errand: errand}
	return h.web.Render(c, status, views.AcceptTerms(form, former, problems))
}

// AcceptTerms accepts them, and logs in.
func (h *Handlers) AcceptTerms(c echo.Context, p *auth.PendingLogin) error {
	var form views.TermsForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	err := h.auth.AcceptTerms(c.Request().Context(), p, form.Version)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.acceptTerms(c, status, p, form.Errand, problems)
		})
	}
	return h.web.Login(c, &p.User, p.Authentication(), form.Errand)
}
