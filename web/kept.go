package web

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"mime/multipart"
	"net/http"
	"slices"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/session"
	"example.com/gatehouse/views"
)

// askToLogin answers a visitor at a page for the logged in. A page is gone back to after the login. A form is not sent again behind
// a person's back: it is kept for whom the browser's session belonged to, and theirs to send once they are back.
func (w *Web) askToLogin(c echo.Context) error {
	switch r := c.Request(); r.Method {
	case http.MethodGet:
		return c.Redirect(http.StatusSeeOther, middleware.LoginTo(r.URL.RequestURI()))
	case http.MethodPost:
		return w.keepForm(c)
	}
	return c.Redirect(http.StatusSeeOther, "/login")
}

// keepForm answers with the login page, which carries what was sent. Where nothing can be kept, it leads back to the form's page. It
// parses no form of a visitor who had no session: there is no user to keep it for.
func (w *Web) keepForm(c echo.Context) error {
	owner, err := w.auth.EndedSessionOwner(c.Request().Context(), w.cookies.Get(c.Request(), session.Session))
	if err != nil {
		return err
	}
	back := middleware.PathOf(c.Request().Referer())
	if owner == "" {
		if overflows(c, auth.MaxKept) {
			return echo.ErrStatusRequestEntityTooLarge
		}
		return c.Redirect(http.StatusSeeOther, middleware.LoginTo(back))
	}
	form, err := sentForm(c.Request(), auth.NeverKept)
	switch {
	case isTooLarge(err):
		return w.tooMuch(c)
	case c.Path() == ReauthPath: // what waited there was sealed to the session that has ended
		return c.Redirect(http.StatusSeeOther, middleware.LoginTo(auth.SafeNext(c.FormValue("next"))))
	case err != nil || len(form.Fields) == 0:
		return c.Redirect(http.StatusSeeOther, middleware.LoginTo(back))
	}
	plain, err := json.Marshal(form)
	if err != nil {
		return err
	}
	sealed, err := w.auth.KeepForm(owner, plain)
	if errors.Is(err, auth.ErrTooMuch) {
		return w.tooMuch(c)
	}
	if err != nil {
		return err
	}
	return w.Render(c, http.StatusUnauthorized, w.LoginPage(views.LoginForm{Errand: views.Errand{Kept: sealed}}, nil))
}

// tooMuch answers a form that is too large to be kept.
func (w *Web) tooMuch(c echo.Context) error {
	return w.Render(c, http.StatusRequestEntityTooLarge, w.LoginPage(views.LoginForm{TooMuch: true}, nil))
}

// sentForm is what a form holds of what may be kept: no secrets, which are the fields that secret says, and no files. The error says that
// it is no form, or cannot be read.
func sentForm(r *http.Request, secret func(field string) bool) (form views.KeptForm, err error) {
	if err := parseForm(r); err != nil {
		return form, err
	}
	form.Action = r.URL.RequestURI()
	for _, name := range slices.Sorted(maps.Keys(r.PostForm)) {
		for _, value := range r.PostForm[name] {
			switch {
			case !utf8.ValidString(name + value):
				return form, echo.ErrBadRequest
			case secret(name):
				form.Secrets = true
			default:
				form.Fields = append(form.Fields, views.KeptField{Name: name, Value: value})
			}
		}
	}
	if r.MultipartForm != nil {
		for _, files := range r.MultipartForm.File {
			form.Files = form.Files || slices.ContainsFunc(files, func(f *multipart.FileHeader) bool { return f.Size > 0 })
		}
	}
	return form, nil
}

// nothing is what is secret about a form that stays sealed.
func nothing(string) bool { return false }

// turnBack answers a logged-in user at a page for visitors. They may have logged in in another tab: they go on to where this page was to lead
// them, or to the form that was saved for them.
func (w *Web) turnBack(c echo.Context) error {
	errand := ErrandOf(c)
	if c.Request().Method == http.MethodPost && Bind(c, &errand) != nil {
		errand = views.Errand{}
	}
	return w.carryOn(c, middleware.User(c), errand)
}

// carryOn answers who has just proven who they are: with what was kept for them, or by sending them where they were going. What
// was kept for somebody else is dropped, and so is their way.
func (w *Web) carryOn(c echo.Context, user *models.User, errand views.Errand) error {
	if plain, ok := w.auth.KeptForm(user, errand.Kept); ok {
		var form views.KeptForm
		if err := json.Unmarshal(plain, &form); err != nil {
			return err
		}
		return w.Render(c, http.StatusOK, views.Kept(user, form))
	}
	return w.Redirect(c, cmp.Or(auth.SafeNext(errand.Next), "/dashboard"), "")
}

// Again answers a form that did not go through on its own page: with what is wrong in it or, where the page holds what somebody was sending,
// with how long they have to wait, since the page of that error would lose it. It returns any other error.
func (w *Web) Again(c echo.Context, kept string, err error, show func(status int, problems auth.Invalid) error) error {
	if _, limited := errors.AsType[auth.Limited](err); kept == "" || !limited && !errors.Is(err, models.ErrBusy) {
		return Invalid(err, show)
	}
	page := w.errorPage(c, err)
	w.setRetryAfter(c, page)
	return show(page.Status, auth.Invalid{"": page.InShort(c.Request().Context(), w.now())})
}

// ErrandOf is the errand that the address of a page tells.
func ErrandOf(c echo.Context) views.Errand {
	return views.Errand{Next: auth.SafeNext(c.QueryParam("next"))}
}

// sentErrand is the errand that came with a form: no link brings something to send. What the page of a proof keeps is sealed to the session,
// which has ended where this is asked for.
func sentErrand(c echo.Context) views.Errand {
	errand := views.Errand{Next: c.FormValue("next")}
	if c.Path() != ReauthPath {
		errand.Kept = c.Request().PostFormValue("kept")
	}
	return CheckErrand(errand)
}

// CheckErrand is what of an errand may go back into a page.
func CheckErrand(errand views.Errand) views.Errand {
	errand.Next = auth.SafeNext(errand.Next)
	if len(errand.Kept) > auth.MaxSealed {
		errand.Kept = ""
	}
	return errand
}
