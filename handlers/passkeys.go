package handlers

import (
	"context"
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/web"
)

// PasskeyLoginOptions answers the login page's script with what it needs to ask for a passkey.
func (h *Handlers) PasskeyLoginOptions(c echo.Context) error {
	options, token, err := h.auth.PasskeyLogIn(c.Request().Context(), h.cookies.Get(c.Request(), session.Passkey), middleware.Client(c))
	if err != nil {
		return passkeyOptions(c, nil, err)
	}
	return passkeyOptions(c, options, h.cookies.Set(c.Response(), c.Request(), session.Passkey, token))
}

// PasskeyLogin logs in with a passkey.
func (h *Handlers) PasskeyLogin(c echo.Context) error {
	var form views.PasskeyLoginForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	form.Errand = web.CheckErrand(form.Errand)
	token := h.cookies.Get(c.Request(), session.Passkey)
	user, err := h.auth.AuthenticateByPasskey(c.Request().Context(), token, form.Assertion, middleware.Client(c))
	if err != nil {
		return h.web.Again(c, form.Kept, err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, h.web.LoginPage(views.LoginForm{Email: form.Email, Remember: form.Remember, Errand: form.Errand}, problems))
		})
	}
	h.cookies.Clear(c.Response(), session.Passkey)
	return h.web.Login(c, user, auth.ByPasskey(form.Remember), form.Errand)
}

// PasskeyFactorOptions answers the script of the page that asks for a second factor.
func (h *Handlers) PasskeyFactorOptions(c echo.Context, p *auth.PendingLogin) error {
	options, err := h.auth.PasskeyFactor(c.Request().Context(), p)
	return passkeyOptions(c, options, err)
}

// PasskeyReauthOptions answers the script of the page that asks for a fresh proof.
func (h *Handlers) PasskeyReauthOptions(c echo.Context, actor *auth.Actor) error {
	options, err := h.auth.PasskeyReauth(c.Request().Context(), actor)
	return passkeyOptions(c, options, err)
}

// NewPasskeyOptions answers the script of the page that makes a passkey.
func (h *Handlers) NewPasskeyOptions(c echo.Context, actor *auth.Actor) error {
	options, err := h.auth.NewPasskey(c.Request().Context(), actor)
	return passkeyOptions(c, options, err)
}

func passkeyOptions(c echo.Context, options []byte, err error) error {
	if errors.Is(err, auth.ErrNoPasskeys) {
		return echo.ErrNotFound
	}
	if err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, options)
}

// PasskeyEndpoints tells password managers where passkeys are made and managed
// (W3C, A Well-Known URL for Relying Party Passkey Endpoints).
func (h *Handlers) PasskeyEndpoints(c echo.Context) error {
	if !h.auth.PasskeysWork() {
		return echo.ErrNotFound
	}
	site := h.config.AppURL.String()
	return c.JSON(http.StatusOK, map[string]string{"enroll": site + "/account/passkeys/new", "manage": site + "/account/passkeys"})
}

// PasskeysPage lists the person's passkeys.
func (h *Handlers) PasskeysPage(c echo.Context, actor *auth.Actor) error {
	return h.passkeys(c, http.StatusOK, actor, views.PasskeyForm{}, nil)
}

func (h *Handlers) passkeys(c echo.Context, status int, actor *auth.Actor, form views.PasskeyForm, problems auth.Invalid) error {
	list, err := h.auth.Passkeys(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	accepted, err := h.auth.AcceptedPasskeys(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	return h.web.Render(c, status, views.Passkeys(&actor.User, h.passkeyRows(list), form, problems, accepted, h.auth.PasskeysWork(), h.now()))
}

func (h *Handlers) passkeyRows(list []models.Passkey) (rows []views.PasskeyRow) {
	for _, p := range list {
		rows = append(rows, views.PasskeyRow{ID: p.ID, Name: p.Name, Maker: auth.PasskeyMaker(p), Synced: p.BackedUp, CreatedAt: p.CreatedAt, LastUsedAt: p.LastUsedAt})
	}
	return rows
}

// NewPasskeyPage asks the browser to make one. Whoever opens it has just shown who they are, so that the device is not asked in vain.
func (h *Handlers) NewPasskeyPage(c echo.Context, actor *auth.Actor) error {
	if err := h.auth.RequireRecentLogin(c.Request().Context(), actor); err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.NewPasskey(&actor.User, h.auth.PasskeysWork(), nil))
}

// NewPasskey adds the passkey that the browser has made.
func (h *Handlers) NewPasskey(c echo.Context, actor *auth.Actor) error {
	var form views.NewPasskeyForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	token, err := h.auth.AddPasskey(c.Request().Context(), actor, form.Credential)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, views.NewPasskey(&actor.User, h.auth.PasskeysWork(), problems))
		})
	}
	if err := h.web.Renew(c, actor, token); err != nil {
		return err
	}
	h.cookies.Clear(c.Response(), session.PasskeyOffer)
	return h.factorAdded(c, actor, "Your passkey is ready.")
}

// RenamePasskey gives a passkey another name.
func (h *Handlers) RenamePasskey(c echo.Context, actor *auth.Actor) error {
	var form views.PasskeyForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.RenamePasskey(c.Request().Context(), actor, form.ID, form.Name)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.passkeys(c, status, actor, form, problems)
		})
	}
	return h.web.Redirect(c, "/account/passkeys", "The name is saved.")
}

// RemovePasskey removes a passkey.
func (h *Handlers) RemovePasskey(c echo.Context, actor *auth.Actor) error {
	var form views.PasskeyForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.RemovePasskey(c.Request().Context(), actor, form.ID)
	if errors.Is(err, auth.ErrLastCredential) {
		return h.passkeys(c, http.StatusUnprocessableEntity, actor, views.PasskeyForm{}, auth.Invalid{"": "This passkey is your only way to log in. Add another, or set a password, before you remove it."})
	}
	if err != nil {
		return err
	}
	return h.factorChanged(c, actor, "/account/passkeys", "The passkey is removed. If your device still offers it, delete it there as well.")
}

func (h *Handlers) passkeysItem(ctx context.Context, actor *auth.Actor) (views.SecurityItem, error) {
	list, err := h.auth.Passkeys(ctx, actor)
	return views.PasskeysItem(len(list), h.auth.PasskeysWork()), err
}

// rememberPasskeyOffer decides at the login whether the dashboard offers a passkey, and gives the browser the answer to carry: what is
// asked once a login, whoever logs in, is not asked at each page.
func (h *Handlers) rememberPasskeyOffer(c echo.Context, user *models.User, authn auth.Authentication) error {
	offer, err := h.auth.OffersPasskey(c.Request().Context(), user, authn)
	if err != nil {
		return err
	}
	if !offer {
		h.cookies.Clear(c.Response(), session.PasskeyOffer)
		return nil
	}
	return h.cookies.Set(c.Response(), c.Request(), session.PasskeyOffer, "due")
}

// addPasskeyOffer offers a passkey above the dashboard, where nobody is on their
// way to something else.
func (h *Handlers) addPasskeyOffer(c echo.Context, actor *auth.Actor, r *layout.Request) {
	if actor != nil && c.Path() == "/dashboard" && h.cookies.Get(c.Request(), session.PasskeyOffer) != "" {
		r.Offer = views.PasskeyOffer()
	}
}

// DeclinePasskey puts the offer off, or away.
func (h *Handlers) DeclinePasskey(c echo.Context, actor *auth.Actor) error {
	var form views.PasskeyOfferForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	never := form.When == "never"
	if err := h.auth.DeclinePasskey(c.Request().Context(), actor, never); err != nil {
		return err
	}
	h.cookies.Clear(c.Response(), session.PasskeyOffer)
	notice := "We will ask again in two weeks."
	if never {
		notice = "We will not ask again. Passkeys are on the security page, should you want one."
	}
	return h.web.Redirect(c, "/dashboard", notice)
}
