package apptest_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"testing"
	"testing/fstest"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"
	"gorm.io/gorm"

	"example.com/gatehouse/app"
	"example.com/gatehouse/apptest"
	"example.com/gatehouse/auth"
	"example.com/gatehouse/auth/limit"
	"example.com/gatehouse/mail"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
	"example.com/gatehouse/views/layout"
	"example.com/gatehouse/views/ui"
	"example.com/gatehouse/web"
)

// Badge is a credential of its own: its token logs a user in.
type Badge struct {
	ID        string
	UserID    string
	TokenHash []byte
	CreatedAt time.Time
}

// Scratch is one code of a scratch card, which works once as a second factor.
type Scratch struct {
	ID        string
	UserID    string
	CodeHash  []byte
	CreatedAt time.Time
}

// Briefing is a notice that a user has read.
type Briefing struct {
	ID        string
	UserID    string
	CreatedAt time.Time
}

const (
	eventScratchAdded = "scratch.added"
	eventBadgeFailed  = "badge.failed"
	eventBriefed      = "briefing.read"

	methodBadge = "badge"
)

const briefingStep auth.Step = "briefing"

var (
	limitBadge = limit.Limit{Name: "badge", Max: 5, Window: time.Hour}
	// limitReception bounds the mails that the feature sends to one user.
	limitReception = limit.Limit{Name: "reception", Max: 5, Window: time.Hour}
)

// reception adds a login method, a second factor and a login step. It is
// written as a product would write it, without a line in the core.
type reception struct{ core *app.Core }

// receptionFeature returns the feature that a product lists in features.go.
func receptionFeature() app.Feature {
	table := func(name, column string) string {
		return fmt.Sprintf(`CREATE TABLE %[1]s (
    id         TEXT      NOT NULL PRIMARY KEY,
    user_id    TEXT      NOT NULL REFERENCES users (id) ON DELETE CASCADE,%[2]s
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX %[1]s_user_id ON %[1]s (user_id);
`, name, column)
	}
	up := table("badges", "\n    token_hash BYTEA NOT NULL,") + table("scratches", "\n    code_hash BYTEA NOT NULL,") + table("briefings", "")
	return app.Feature{
		Name: "reception",
		Migrations: fstest.MapFS{"20261130220100_reception.sql": {Data: []byte("-- +goose Up\n" + up +
			"\n-- +goose Down\nDROP TABLE briefings;\nDROP TABLE scratches;\nDROP TABLE badges;\n")}},
		Tables: []models.Table{
			{Model: &Badge{}, Auth: true, Bound: "1 for each user", Says: "Your badge", Secrets: []string{"token_hash"}},
			{Model: &Scratch{}, Auth: true, Bound: "1 for each user", Says: "Your scratch card", Secrets: []string{"code_hash"}},
			{Model: &Briefing{}, Auth: true, Bound: "1 for each user", Says: "The briefings that you have read"},
		},
		Auth:   func(core *app.Core) auth.Feature { return reception{core}.auth() },
		Routes: func(core *app.Core, r *web.Router) { reception{core}.routes(r) },
	}
}

func (f reception) auth() auth.Feature {
	return auth.Feature{
		Factors: []auth.Factor{{
			Name: "scratch", Second: true, Words: auth.CodeWords, Read: readScratch,
			Has:  func(db *gorm.DB, userID string) (bool, error) { return has(db, &Scratch{}, userID) },
			Rows: &Scratch{}, Check: f.checkScratch,
		}},
		Steps: []auth.LoginStep{{Name: briefingStep, Needed: func(db *gorm.DB, user *models.User) (bool, error) {
			read, err := has(db, &Briefing{}, user.ID)
			return !read, err
		}}},
		Credentials: []func(*gorm.DB, *models.User) (bool, error){func(db *gorm.DB, user *models.User) (bool, error) {
			return has(db, &Badge{}, user.ID)
		}},
	}
}

func (f reception) routes(r *web.Router) {
	w := f.core.Web
	w.AddLoginMethod(templ.Raw(`<button formaction="/login/badge" name="badge">Use your badge</button>`))
	w.AddFactor(views.FactorWords{Name: "scratch", Text: "Enter the code of your scratch card.", Choose: "Use your scratch card",
		Field: func(map[string]string) templ.Component { return templ.Raw(`<input name="answer">`) }})
	w.AddActivity(views.ActivityWords{
		Events: []views.EventWords{
			{Name: eventScratchAdded, Kind: views.ActivityChanges, Icon: ui.IconKey, Sentence: "A scratch card was added"},
			{Name: eventBriefed, Kind: views.ActivityLogIns, Icon: ui.IconFile, Sentence: "The briefing was read"},
		},
		Methods: map[string]string{"scratch": "scratch card", methodBadge: "badge"},
	})
	w.SetStep(briefingStep, "/login/briefing", f.askBriefing)
	r.Guest.POST("/login/badge", f.login, web.Limits(limitBadge))
	briefing := r.Step("needs a briefing", briefingStep)
	briefing.GET("/login/briefing", func(c echo.Context, p *auth.PendingLogin) error {
		return f.askBriefing(c, http.StatusOK, p, web.ErrandOf(c))
	})
	briefing.POST("/login/briefing", f.read, web.Limits(limitReception))
	r.App.POST("/account/scratch", f.addScratch, web.Limits(limitReception))
}

func has(db *gorm.DB, model any, userID string) (bool, error) {
	var n int64
	err := db.Model(model).Where("user_id = ?", userID).Count(&n).Error
	return n > 0, err
}

// login logs in with a badge. Attempts count before the badge is looked at.
func (f reception) login(c echo.Context) error {
	var form struct {
		Badge string `form:"badge"`
		views.Errand
	}
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	ctx, client, hash := c.Request().Context(), middleware.Client(c), auth.HashToken(form.Badge)
	var user models.User
	right, err := f.core.Auth.AttemptSecret(ctx, client, limit.Shared(limitBadge.From(client.IP)),
		func() (bool, error) {
			err := f.core.DB.WithContext(ctx).Where("id IN (SELECT user_id FROM badges WHERE token_hash = ?)", hash).Take(&user).Error
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return false, nil
			}
			return err == nil, err
		},
		func(t *auth.Tx) error {
			return f.core.Auth.Record(t, eventBadgeFailed, auth.Subject{Client: client}, nil)
		})
	if err != nil {
		return err
	}
	if !right {
		return f.core.Web.LoginAgain(c, web.CheckErrand(form.Errand), "That badge is not valid.")
	}
	return f.core.Web.Login(c, &user, auth.Authentication{Method: methodBadge}, web.CheckErrand(form.Errand))
}

func readScratch(typed string) (code, problem string) {
	if code = auth.PlainCode(typed); !auth.Encodes(code, 15) {
		return "", "Enter all 24 letters and digits."
	}
	return code, ""
}

// checkScratch leaves the comparison to the deletion, of which one wins.
func (f reception) checkScratch(_ context.Context, _ *models.User, code string, _ auth.Challenge) (auth.UseAnswer, error) {
	return func(t *auth.Tx, user *models.User) (string, bool, error) {
		used := t.Where("user_id = ? AND code_hash = ?", user.ID, auth.HashToken(code)).Delete(&Scratch{})
		return "", used.RowsAffected == 1, used.Error
	}, nil
}

// addScratch adds a code to the user's account and shows it once.
func (f reception) addScratch(c echo.Context, actor *auth.Actor) error {
	if err := web.Bind(c, &struct{}{}); err != nil {
		return err
	}
	ctx, a := c.Request().Context(), f.core.Auth
	if err := a.RequireRecentLogin(ctx, actor); err != nil {
		return err
	}
	if err := a.Attempt(ctx, actor.Client, limitReception.By(actor.User.ID)); err != nil {
		return err
	}
	random := make([]byte, 15)
	rand.Read(random)
	code := auth.Crockford.EncodeToString(random)
	var token string
	err := a.InSession(ctx, actor, func(t *auth.Tx, user *models.User) (err error) {
		row := Scratch{ID: auth.NewID(), UserID: user.ID, CodeHash: auth.HashToken(code), CreatedAt: t.Now()}
		if err := t.Create(&row).Error; err != nil {
			return err
		}
		if token, err = a.RenewSession(t, actor, 2); err != nil {
			return err
		}
		return a.FactorChanged(t, actor, eventScratchAdded, "A scratch card was added.", auth.Detail{"scratch": row.ID})
	})
	if err != nil {
		return err
	}
	if err := f.core.Web.Renew(c, actor, token); err != nil {
		return err
	}
	return f.core.Web.Redirect(c, "/account", auth.InGroups(code))
}

func (f reception) askBriefing(c echo.Context, status int, _ *auth.PendingLogin, errand views.Errand) error {
	form := `<form action="/login/briefing" method="post"><input type="hidden" name="next" value="%s"><button>I have read it</button></form>`
	page := templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		children := templ.WithChildren(ctx, templ.Raw(fmt.Sprintf(form, html.EscapeString(errand.Next))))
		return layout.Guest("Briefing").Render(children, w)
	})
	return f.core.Web.Render(c, status, page)
}

// read notes that the user has read the briefing, and tells them by mail.
func (f reception) read(c echo.Context, p *auth.PendingLogin) error {
	var form struct{ views.Errand }
	if err := web.Bind(c, &form); err != nil {
		return err
	}
	ctx, a, messages := c.Request().Context(), f.core.Auth, mail.NewMessages(f.core.Config.AppName, f.core.Config.AppURL)
	if err := a.Attempt(ctx, p.Client, limitReception.By(p.User.ID)); err != nil {
		return err
	}
	err := a.InPendingLogin(ctx, p, func(t *auth.Tx, user *models.User) error {
		if err := t.Create(&Briefing{ID: auth.NewID(), UserID: user.ID, CreatedAt: t.Now()}).Error; err != nil {
			return err
		}
		if err := a.Alert(t, user, p.Client, func(i mail.Incident) mail.Message {
			return messages.Alert("briefing_read", user.Email, i, mail.Content{Subject: "You have read the briefing",
				Preheader: "Was this you?", Heading: "Briefing", Opening: []string{"Our briefing was read."}})
		}); err != nil {
			return err
		}
		return a.Record(t, eventBriefed, auth.Subject{UserID: &user.ID, Client: p.Client}, nil)
	})
	if err != nil {
		return err
	}
	return f.core.Web.Login(c, &p.User, p.Authentication(), web.CheckErrand(form.Errand))
}

// withBadge returns a browser of a user with a badge, and the badge.
func withBadge(t *testing.T, product *apptest.App, email string) (*apptest.Browser, string) {
	t.Helper()
	b := product.LoggedOut(email)
	badge, hash := auth.NewToken()
	row := Badge{ID: auth.NewID(), UserID: b.User().ID, TokenHash: hash, CreatedAt: product.Clock.Now()}
	if err := product.DB.Create(&row).Error; err != nil {
		t.Fatal(err)
	}
	return b, badge
}

// withScratch adds a scratch code to the user and returns it. random has 15
// bytes.
func withScratch(t *testing.T, b *apptest.Browser, random string) (code string) {
	t.Helper()
	code = auth.Crockford.EncodeToString([]byte(random))
	row := Scratch{ID: auth.NewID(), UserID: b.User().ID, CodeHash: auth.HashToken(code), CreatedAt: b.App.Clock.Now()}
	if err := b.App.DB.Create(&row).Error; err != nil {
		t.Fatal(err)
	}
	return code
}

func TestLoginFeature_LogsInByMethodFactorAndStep(t *testing.T) {
	product := apptest.NewWith(t, []app.Feature{receptionFeature()})
	ada, badge := withBadge(t, product, "ada@example.com")
	code := withScratch(t, ada, "fifteen letters")
	ada.Get("/login").WantText(t, "Use your badge")
	factor := ada.Post("/login/badge", "badge", badge, "next", "/account").WantRedirect(t, "/login/factor?next=%2Faccount")
	ada.Get("/account").WantRedirect(t, "/login?next=%2Faccount")
	factor.WantText(t, "Enter the code of your scratch card.").Submit("answer", "wrong").WantText(t, "Enter all 24 letters and digits.")
	briefing := factor.Submit("answer", code).WantRedirect(t, "/login/briefing?next=%2Faccount")
	briefing.Submit().WantRedirect(t, "/account").WantStatus(t, http.StatusOK)

	var method string
	if err := product.DB.Model(&models.Session{}).Pluck("method", &method).Error; err != nil || method != "badge scratch" {
		t.Errorf("got the session's method %q (%v), want %q", method, err, "badge scratch")
	}
	if got := product.Count("events", "name = ?", eventBriefed); got != 1 {
		t.Errorf("got %d events %s, want 1", got, eventBriefed)
	}
	ada.Get("/account/activity?kind=logins&q=scratch").WantText(t, "Logged in", "Badge, scratch card")
	ada.Get("/account/activity?kind=logins").WantText(t, "The briefing was read")
	if got := ada.Mail().Subject; got != "You have read the briefing" {
		t.Errorf("got the mail %q, want the alert of the step", got)
	}
}

func TestLoginFeature_RefusesUsedCodeAndWrongBadge(t *testing.T) {
	product := apptest.NewWith(t, []app.Feature{receptionFeature()})
	ada, badge := withBadge(t, product, "ada@example.com")
	code := withScratch(t, ada, "fifteen letters")
	withScratch(t, ada, "another fifteen") // so that a second factor is left
	ada.Post("/login/badge", "badge", badge).WantRedirect(t, "/login/factor").Submit("answer", code)
	other := ada.OtherBrowser()
	other.Post("/login/badge", "badge", badge).WantRedirect(t, "/login/factor").Submit("answer", code).
		WantStatus(t, http.StatusUnprocessableEntity).WantText(t, auth.CodeWords.Wrong)
	for range limitBadge.Max {
		other.Post("/login/badge", "badge", "guess").WantRedirect(t, "/login").WantText(t, "That badge is not valid.")
	}
	other.Post("/login/badge", "badge", "guess").WantStatus(t, http.StatusTooManyRequests)
}

func TestLoginFeature_AddsItsFactorAfterReauthentication(t *testing.T) {
	product := apptest.NewWith(t, []app.Feature{receptionFeature()})
	ada, badge := withBadge(t, product, "ada@example.com")
	ada.Post("/login/badge", "badge", badge).WantRedirect(t, "/login/briefing").Submit()
	product.Clock.Advance(product.Config.ReauthTTL)
	ada.Post("/account/scratch").WantStatus(t, http.StatusUnauthorized)
	ada.Reauthenticated().Post("/account/scratch").WantRedirect(t, "/account").WantStatus(t, http.StatusOK)
	if got := product.Count("scratches", "true"); got != 1 {
		t.Errorf("got %d scratch cards, want 1", got)
	}
	if got := product.Count("events", "name = ?", eventScratchAdded); got != 1 {
		t.Errorf("got %d events %s, want 1", got, eventScratchAdded)
	}
	other := ada.OtherBrowser()
	other.Post("/login/badge", "badge", badge).WantRedirect(t, "/login/factor").WantText(t, "scratch card")
}
