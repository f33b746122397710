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

	"example.com/gatehouse/models"
	"example.com/gatehouse/views"
)

// told are the sentences of the page's rows.
func (g *page) told() (sentences []string) {
	for _, p := range g.all("p") {
		if attribute(p, "class") == "row-title" && p.FirstChild.Type == html.TextNode {
			sentences = append(sentences, strings.TrimSpace(p.FirstChild.Data))
		}
	}
	return sentences
}

func TestSomebodySeesWhatHappenedToTheirAccount(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	stranger := s.visitor()
	stranger.post("/login", "email", ada.email, "password", otherPassword).is(t, 422)
	ada.post("/account", "name", "Ada King")
	page := ada.get("/account/activity").is(t, 200).says(t, "This device", "Password · Firefox on Linux · "+ada.ip, stranger.ip)
	want := "Your name was changed|A wrong password at the login|Logged in"
	if got := strings.Join(page.told(), "|"); got != want {
		t.Errorf("the page tells %s", got)
	}
	page.hides(t, "&#34;method", "session.started")
}

func TestActivityIsSearchedByWhatThePageSays(t *testing.T) {
	s := newStage(t)
	ada := s.member("ada@example.com")
	phone := s.user("grace@example.com")
	phone.email, phone.agent = ada.email, "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Version/17.0 Mobile/15E148 Safari/604.1"
	phone.login(goodPassword).redirects(t, "/dashboard")
	ada.post("/account", "name", "Ada King")
	for search, want := range map[string]int{
		"": 3, "LOGGED in": 2, "name was": 1, "firefox": 2, phone.ip: 1, "password": 2, "ios": 1,
		"method": 0, "%": 0, "session.": 0, "'": 0, "nothing": 0,
	} {
		page := ada.get("/account/activity?q="+url.QueryEscape(search)).is(t, 200)
		if got := len(page.told()); got != want {
			t.Errorf("%q finds %d, not %d", search, got, want)
		}
	}
	ada.get("/account/activity?q=nothing").says(t, "Nothing found")
}

func TestActivityIsShownByKindAndByThePage(t *testing.T) {
	s := newStage(t, noRateLimit)
	ada := s.member("ada@example.com")
	for range 25 {
		s.clock.passes(time.Second)
		ada.post("/account", "name", "Ada King")
	}
	if got := len(ada.get("/account/activity?kind=changes").says(t, "1–20 of 25").told()); got != 20 {
		t.Errorf("a page has %d", got)
	}
	if got := ada.get("/account/activity?kind=changes&page=2").told(); len(got) != 5 {
		t.Errorf("the last page has %d", len(got))
	}
	if got := ada.get("/account/activity?kind=logins").told(); len(got) != 1 {
		t.Errorf("there are %v", got)
	}
	ada.get("/account/activity?kind=refused").says(t, "Nothing here")
	ada.get("/account/activity?kind=nonsense&page=-7&sort=user_id").is(t, 200).says(t, "1–20 of 26")
}

// Failed logins are told to the owner alone, and say no more than that there were some; the limits bound how many there can be.
func TestItem16AStrangersGuessesAreToldToTheOwnerAlone(t *testing.T) {
	s := newStage(t)
	ada, mallory := s.member("ada@example.com"), s.member("mallory@example.com")
	s.visitor().post("/login", "email", ada.email, "password", otherPassword).is(t, 422)
	s.visitor().post("/login", "email", "nobody@example.com", "password", otherPassword).is(t, 422)
	if got := ada.get("/account/activity?kind=refused").told(); len(got) != 1 {
		t.Errorf("Ada sees %v", got)
	}
	if got := mallory.get("/account/activity?kind=refused").told(); len(got) != 0 {
		t.Errorf("Mallory sees %v", got)
	}
}

// nobodys are the events that no person's row of the log has: they happen before there is a user, or to an address.
var nobodys = []string{
	"registration.requested", "registration.corrected", "registration.resent", "email.confirmation_failed", "password.reset_failed", "limit.reached",
	"passkey.refused", // feature:passkeys
	"account.deleted",
}

func TestLawEveryEventOfAPersonHasASentence(t *testing.T) {
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
			silent := views.SaysOfEvent(models.Event{Name: value}) == views.SaysOfEvent(models.Event{Name: "nothing"})
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

// byWay is what the constants of ways are called.
var byWay = regexp.MustCompile(`^by[A-Z]`)

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
				if key, _ := n.Key.(*ast.Ident); key != nil && (strings.HasPrefix(path, "auth/") && key.Name == "Method" || path == "auth/factor.go" && key.Name == "name") {
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
		if !slices.Contains(views.MethodsSaying(""), way) {
			t.Errorf("%s needs a word in methodWords (views/activity.templ)", way)
		}
	}
	if !slices.Contains(ways, "registration") || !slices.Contains(ways, "password") {
		t.Errorf("only %v were found", ways)
	}
}
