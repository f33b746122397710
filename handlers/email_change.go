package handlers

import (
	"errors"
	"net/http"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
	"example.com/gatehouse/web"
)

// EmailPage asks for another address, or says what the one that was asked for is waiting for.
func (h *Handlers) EmailPage(c echo.Context, actor *auth.Actor) error {
	change, err := h.auth.EmailChange(c.Request().Context(), actor)
	if err != nil {
		return err
	}
	if change != nil {
		return h.web.Render(c, http.StatusOK, views.EmailWaiting(&actor.User, *change, h.now()))
	}
	return h.web.Render(c, http.StatusOK, views.Email(&actor.User, views.EmailForm{}, nil))
}

// ChangeEmail mails both mailboxes. What it answers does not depend on whether the new address has an account.
func (h *Handlers) ChangeEmail(c echo.Context, actor *auth.Actor) error {
	var form views.EmailForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	err := h.auth.RequestEmailChange(c.Request().Context(), actor, form.Email)
	if err != nil {
		return web.Invalid(err, func(status int, problems auth.Invalid) error {
			return h.web.Render(c, status, views.Email(&actor.User, form, problems))
		})
	}
	return h.web.Redirect(c, "/account/email", "We have written to both addresses.")
}

// CancelEmailChange keeps the address that there is.
func (h *Handlers) CancelEmailChange(c echo.Context, actor *auth.Actor) error {
	if err := h.auth.CancelEmailChange(c.Request().Context(), actor); err != nil {
		return err
	}
	return h.web.Redirect(c, "/account/email", "Your address stays as it is.")
}

// EmailLinkPage says what a mailed link confirms or approves. Opening it uses nothing up.
func (h *Handlers) EmailLinkPage(c echo.Context) error {
	h.web.HideToken(c)
	link, err := h.auth.EmailLinkByToken(c.Request().Context(), web.LinkToken(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadEmailLink(c, err)
	}
	if err != nil {
		return err
	}
	form := views.EmailLinkForm{Token: web.LinkToken(c)}
	if link.Present {
		return h.web.Render(c, http.StatusOK, views.ApproveEmail(form, link.User.Email, link.Change.Email))
	}
	return h.web.Render(c, http.StatusOK, views.ConfirmNewEmail(form, link.Change.Email))
}

func (h *Handlers) deadEmailLink(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.web.Redirect(c, "/account/email", "You already used this link.")
	}
	return h.web.LinkInvalid(c, "It has been used, replaced by a newer one, canceled, or is too old. Your account says what its address is, and changes it.",
		"Go to my account", "/account/email")
}

// EmailLink takes the word of the mailbox that the link was mailed to.
func (h *Handlers) EmailLink(c echo.Context, actor *auth.Actor) error {
	var form views.EmailLinkForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	if form.Decline {
		return h.secureAccount(c, form.Token, h.auth.DeclineEmailChange, h.deadEmailLink)
	}
	link, changed, err := h.auth.ProveEmailChange(c.Request().Context(), form.Token, middleware.Client(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadEmailLink(c, err)
	}
	if err != nil {
		return err
	}
	return h.emailProven(c, actor, link, changed)
}

// emailProven says what has come of it, where the person goes on from here.
func (h *Handlers) emailProven(c echo.Context, actor *auth.Actor, link *auth.EmailLink, changed bool) error {
	notice := "Thank you. The address changes once the link in our mail to the other one is used as well."
	if changed {
		notice = "The address is changed. Log in with the new one from now on."
	}
	if actor == nil || actor.User.ID != link.User.ID || changed && actor.Session.ID != link.Change.SessionID {
		return h.web.Redirect(c, "/login", notice) // also where the change has just ended the session
	}
	return h.web.Redirect(c, "/account/email", notice)
}

// UndoEmailPage asks whether the former address is to come back. Opening it uses nothing up.
func (h *Handlers) UndoEmailPage(c echo.Context) error {
	h.web.HideToken(c)
	user, former, err := h.auth.FormerEmailByToken(c.Request().Context(), web.LinkToken(c))
	if errors.Is(err, auth.ErrInvalidLink) {
		return h.deadUndo(c, err)
	}
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, views.UndoEmail(views.EmailLinkForm{Token: web.LinkToken(c)}, user, former))
}

func (h *Handlers) deadUndo(c echo.Context, err error) error {
	if errors.Is(err, auth.ErrUsedLink) {
		return h.lockedOutAlready(c)
	}
	return h.web.LinkInvalid(c, "It has been used, or is older than a week. If the account still has an address that you can read, choose a new password for it.",
		"Choose a new password", "/password/forgot")
}

// UndoEmail puts the former address back, and has its owner choose a new password.
func (h *Handlers) UndoEmail(c echo.Context) error {
	var form views.EmailLinkForm
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	return h.secureAccount(c, form.Token, h.auth.UndoEmailChange, h.deadUndo)
}
