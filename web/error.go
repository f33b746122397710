package web

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"os"
	"time"

	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
)

// busyFor is when somebody who found every place taken may try again.
const busyFor = 5 * time.Second

// brokenFor is when to try what doesn't work until the operator fixes it.
const brokenFor = 10 * time.Minute

// statusHungUp stands in the log for a request whose client did not wait for the answer; nginx calls it so.
const statusHungUp = 499

// fail answers what a handler could not: the one place that turns an error into a page. What the person sees tells nothing of
// the error itself (ASVS 16.5.1).
func (w *Web) fail(err error, c echo.Context) {
	if c.Response().Committed {
		return
	}
	if c.Request().Context().Err() != nil {
		// Whoever asked has hung up. What failed for that reason is no fault to report: anyone could fill the log with it.
		c.Response().Status = statusHungUp
		return
	}
	switch {
	case errors.Is(err, auth.ErrReauthRequired):
		err = w.askToReauthenticate(c, middleware.Actor(c))
	case errors.Is(err, auth.ErrLoginEnded):
		err = w.loginEnded(c)
	case errors.Is(err, auth.ErrChanged):
		err = w.LoginAgain(c, sentErrand(c), "Your account has just changed. Please log in again.")
	}
	if err == nil {
		return
	}
	page := w.errorPage(c, err)
	w.setRetryAfter(c, page)
	if rendered := w.Render(c, page.Status, views.Error(page, w.now())); rendered != nil && c.Request().Context().Err() == nil {
		w.log.ErrorContext(c.Request().Context(), "the error page cannot be rendered", "error", rendered)
		_ = c.String(page.Status, http.StatusText(page.Status)) // the connection is gone, or this arrives
	}
}

func (w *Web) setRetryAfter(c echo.Context, page views.ErrorPage) {
	if !page.RetryAt.IsZero() {
		seconds := math.Ceil(page.RetryAt.Sub(w.now()).Seconds())
		c.Response().Header().Set(echo.HeaderRetryAfter, fmt.Sprint(max(1, int(seconds))))
	}
}

func (w *Web) errorPage(c echo.Context, err error) views.ErrorPage {
	var limited auth.Limited
	var known *echo.HTTPError
	ctx := c.Request().Context()
	switch {
	case errors.As(err, &limited):
		return limitedPage(limited)
	case errors.Is(err, models.ErrSlowList):
		return views.ErrorPage{Status: http.StatusServiceUnavailable, RetryAt: w.now().Add(busyFor),
			Title: "This list takes too long", Text: "We stopped it so that other pages stay quick. Wait a few seconds, then try again, or search for something else."}
	case errors.Is(err, models.ErrBusy):
		return views.ErrorPage{Status: http.StatusServiceUnavailable, RetryAt: w.now().Add(busyFor)}
	case isTooLarge(err), errors.Is(err, echo.ErrStatusRequestEntityTooLarge):
		return tooLargePage(c)
	case errors.Is(err, errNoDisk):
		w.log.ErrorContext(ctx, "an upload was refused: the program cannot write to the folder for temporary files; make room there, or set TMPDIR to a folder that it can write to",
			"folder", os.TempDir(), "error", err)
		return views.ErrorPage{Status: http.StatusServiceUnavailable, RetryAt: w.now().Add(brokenFor), Title: "We can't take files right now",
			Text: "Something is wrong on our side, and we have a record of it. Your file was not saved."}
	case errors.Is(err, gorm.ErrRecordNotFound):
		if !w.config.Production {
			w.log.WarnContext(ctx, "answered with 404", "route", c.Path(), "error", err)
		}
		w.recordRefusal(c, auth.EventAccessDenied)
		return views.ErrorPage{Status: http.StatusNotFound}
	case errors.Is(err, auth.ErrForbidden):
		// The page names neither the permission nor what it protects.
		w.recordRefusal(c, auth.EventAccessDenied)
		return views.ErrorPage{Status: http.StatusForbidden, Title: "You can't open this page",
			Text: "Your account doesn't have access to it. If you need it, ask the people who run this site."}
	case errors.Is(err, middleware.ErrForeignOrigin):
		w.recordRefusal(c, auth.EventOriginRefused)
		return views.ErrorPage{Status: http.StatusForbidden}
	case errors.As(err, &known) && known.Code < http.StatusInternalServerError:
		return views.ErrorPage{Status: known.Code}
	}
	w.log.LogAttrs(ctx, slog.LevelError, "request failed",
		slog.String("method", c.Request().Method), slog.String("route", c.Path()), slog.String("error", err.Error()))
	return views.ErrorPage{Status: http.StatusInternalServerError}
}

// tooLargePage tells a visitor, who may send less than a user, that logging in can help.
func tooLargePage(c echo.Context) views.ErrorPage {
	page := views.ErrorPage{Status: http.StatusRequestEntityTooLarge}
	if middleware.Actor(c) == nil {
		page.Text = "What was sent is larger than we take from a browser that isn't logged in. If you were logged out before it was sent, " +
			"log in again in another tab, then go back and send it once more."
	}
	return page
}

// limitedPage says when to come back, and where there is another way in.
func limitedPage(limited auth.Limited) views.ErrorPage {
	page := views.ErrorPage{Status: http.StatusTooManyRequests, RetryAt: limited.Until}
	if limited.EndsWithReset() {
		page.Text = "Somebody has tried wrong passwords for this address, so we slow down. If it is yours, resetting your password by mail lets you in at once."
	}
	if limited.OfChanges() {
		page.Text = "You have made a lot of changes in a short time, so we slow down. You can still log out, log out other devices and change your password."
	}
	if limited.OfFactor() {
		page.Text = "There were many wrong answers here, so we slow down. Nothing is locked, and another way to prove who you are, if you have one, does not wait: go back or log in once more, and choose it."
	}
	if limited.OfMailLogin() { // feature:mail_login
		page.Text = "There were many mails or codes for this address, so we slow down. Log in with your password, reset it by mail, or use the link in a mail that you have asked for in this browser." // feature:mail_login
	} // feature:mail_login
	return page
}

func (w *Web) recordRefusal(c echo.Context, event string) {
	detail := auth.Detail{"method": c.Request().Method, "route": c.Path()}
	if err := w.auth.RecordRefusal(c.Request().Context(), event, middleware.Actor(c), middleware.Client(c), detail); err != nil {
		w.log.ErrorContext(c.Request().Context(), "a refusal cannot be recorded", "event", event, "error", err)
	}
}
