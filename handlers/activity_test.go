package handlers_test

import (
	"go/ast"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"example.com/gatehouse/apptest"
	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
)

// activitySentences are the sentences of the page's rows.
func activitySentences(page *apptest.Page) (sentences []string) {
	for _, p := range page.All("p") {
		if apptest.Attr(p, "class") == "row-title" && p.FirstChild.Type == html.TextNode {
			sentences = append(sentences, strings.TrimSpace(p.FirstChild.Data))
		}
	}
	return sentences
}

func TestSomebodySeesWhatHappenedToTheirAccount(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	stranger := app.Browser()
	stranger.Post("/login", "email", ada.Email, "password", apptest.OtherPassword).WantStatus(t, 422)
	ada.Post("/account", "name", "Ada King")
	page := ada.Get("/account/activity").WantStatus(t, 200).
		WantText(t, "This device", "Password · Firefox on Linux · "+ada.IP, stranger.IP)
	want := "Your name was changed|A wrong password at the login|Logged in"
	if got := strings.Join(activitySentences(page), "|"); got != want {
		t.Errorf("the page tells %s", got)
	}
	page.WantNoText(t, "&#34;method", "session.started")
}

func TestActivityIsSearchedByWhatThePageSays(t *testing.T) {
	app := apptest.New(t)
	ada := app.LoggedIn("ada@example.com")
	phone := app.LoggedOut("grace@example.com")
	phone.Email, phone.UserAgent = ada.Email, "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"
	phone.Login(apptest.Password).WantRedirect(t, "/dashboard")
	ada.Post("/account", "name", "Ada King")
	for search, want := range map[string]int{
		"": 3, "LOGGED in": 2, "name was": 1, "firefox": 2, phone.IP: 1, "password": 2, "ios": 1,
		"method": 0, "%": 0, "session.": 0, "'": 0, "nothing": 0,
	} {
		page := ada.Get("/account/activity?q="+url.QueryEscape(search)).WantStatus(t, 200)
		if got := len(activitySentences(page)); got != want {
			t.Errorf("%q finds %d, not %d", search, got, want)
		}
	}
	ada.Get("/account/activity?q=nothing").WantText(t, "Nothing found")
}

func TestActivityIsShownByKindAndByThePage(t *testing.T) {
	app := apptest.New(t, apptest.NoRateLimit)
	ada := app.LoggedIn("ada@example.com")
	for range 25 {
		app.Clock.Advance(time.Second)
		ada.Post("/account", "name", "Ada King")
	}
	if got := len(activitySentences(ada.Get("/account/activity?kind=changes").WantText(t, "1–20 of 25"))); got != 20 {
		t.Errorf("a page has %d", got)
	}
	if got := activitySentences(ada.Get("/account/activity?kind=changes&page=2")); len(got) != 5 {
		t.Errorf("the last page has %d", len(got))
	}
	if got := activitySentences(ada.Get("/account/activity?kind=logins")); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
	ada.Get("/account/activity?kind=refused").WantText(t, "Nothing here")
	ada.Get("/account/activity?kind=nonsense&page=-7&sort=user_id").WantStatus(t, 200).WantText(t, "1–20 of 26")
}

// Failed logins are told to the owner alone, and say no more than that there were some; the limits bound how many there can be.
func TestItem16AStrangersGuessesAreToldToTheOwnerAlone(t *testing.T) {
	app := apptest.New(t)
	ada, mallory := app.LoggedIn("ada@example.com"), app.LoggedIn("mallory@example.com")
	app.Browser().Post("/login", "email", ada.Email, "password", apptest.OtherPassword).WantStatus(t, 422)
	app.Browser().Post("/login", "email", "nobody@example.com", "password", apptest.OtherPassword).WantStatus(t, 422)
	if got := activitySentences(ada.Get("/account/activity?kind=refused")); len(got) != 1 {
		t.Errorf("Ada sees %v", got)
	}
	if got := activitySentences(mallory.Get("/account/activity?kind=refused")); len(got) != 0 {
		t.Errorf("Mallory sees %v", got)
	}
}

// nobodys are the events that no user's row of the log has: they happen before there is a user, or to an address.
var nobodys = []string{
	"registration.requested", "registration.corrected", "registration.resent", "email.confirmation_failed", "password.reset_failed", "limit.reached",
	"passkey.refused", // feature:passkeys
	"account.deleted",
}

func TestLawEveryEventOfAPersonHasASentence(t *testing.T) {
	var core views.ActivityWords
	seen := 0
	eachSource(t, func(path string, file *ast.File) {
		if !strings.HasPrefix(path, "auth/") {
			return
		}
		for name, value := range constants(file) {
			if !strings.HasPrefix(name, "Event") {
				continue
			}
			seen++
			silent := core.Sentence(models.Event{Name: value}) == core.Sentence(models.Event{Name: "nothing"})
			if silent != slices.Contains(nobodys, value) {
				t.Errorf("%s: %s needs a sentence in eventWords (views/activity.templ), or a place in nobodys if no user's row has it", path, name)
			}
		}
	})
	if seen < len(nobodys) {
		t.Errorf("only %d events were found", seen)
	}
}

// constants are a file's constants of text.
func constants(file *ast.File) map[string]string {
	found := map[string]string{}
	ast.Inspect(file, func(n ast.Node) bool {
		if spec, ok := n.(*ast.ValueSpec); ok && len(spec.Values) == len(spec.Names) {
			for i, name := range spec.Names {
				if literal, ok := spec.Values[i].(*ast.BasicLit); ok {
					found[name.Name], _ = strconv.Unquote(literal.Value)
				}
			}
		}
		return true
	})
	return found
}

// byWay matches the names of the constants of login methods.
var byWay = regexp.MustCompile(`^(by|Method)[A-Z]`)

func TestLawEveryWayToProveHasAWord(t *testing.T) {
	var ways []string
	found := func(value ast.Expr) {
		if literal, ok := value.(*ast.BasicLit); ok {
			way, _ := strconv.Unquote(literal.Value)
			ways = append(ways, way)
		}
	}
	eachSource(t, func(path string, file *ast.File) {
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.KeyValueExpr:
				if key, _ := n.Key.(*ast.Ident); key != nil && (strings.HasPrefix(path, "auth/") && key.Name == "Method" || path == "auth/factor.go" && key.Name == "Name") {
					found(n.Value)
				}
			case *ast.ValueSpec:
				if strings.HasPrefix(path, "auth/") && byWay.MatchString(n.Names[0].Name) && len(n.Values) == 1 {
					found(n.Values[0])
				}
			}
			return true
		})
	})
	for _, way := range ways {
		if !slices.Contains(views.ActivityWords{}.MethodsSaying(""), way) {
			t.Errorf("%s needs a word in methodWords (views/activity.templ)", way)
		}
	}
	if !slices.Contains(ways, "registration") || !slices.Contains(ways, "password") {
		t.Errorf("only %v were found", ways)
	}
}
