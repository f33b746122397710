package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"example.com/gatehouse/mail/mailtest"
)

// person is a user with a separate browser profile. Elements are found by role
// and accessible name, as a screen reader does, so that a page may change its
// looks.
type person struct {
	t                     *testing.T
	site                  *site
	ctx                   context.Context
	name, email, password string
	scriptless            bool   // JavaScript is off
	status                int    // of the page they are on
	shown                 []byte // that page, where it was put before them and not sent to their browser

	secrets []string // that the program's log must not have

	mutex  sync.Mutex
	wire   int               // bytes received since the last page was asked for, headers included
	page   network.RequestID // of the page they are on
	faults []string
}

// chromium starts one browser for all users.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := lookPath("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "e2e-profile-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path),
		chromedp.UserDataDir(profile),
		chromedp.DisableGPU,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		// The address bar's list of suggestions and the spare process are pages
		// to Chromium, and took half of a test's time.
		chromedp.Flag("disable-features", "Translate,BlinkGenPropertyTrees,WebUIOmniboxPopup,WebUIOmniboxAimPopup,SpareRendererForSitePerProcess"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium refuses to run as root with its sandbox
	}
	ctx, _ := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, _ = chromedp.NewContext(ctx)
	atExit(func() {
		_ = chromedp.Cancel(ctx)
		os.RemoveAll(profile)
	})
	return ctx, chromedp.Do(ctx)
})

// visit returns a new user of s, with a browser in English, 1280 pixels wide,
// and without animations.
func (s *site) visit(t *testing.T, name string) *person {
	t.Helper()
	browser, err := chromium()
	if err != nil {
		missing(t, fmt.Sprintf("this test needs Chromium (on Debian: apt-get install chromium): %v", err))
	}
	p := &person{
		t: t, site: s, name: name,
		email:    strings.ToLower(strings.ReplaceAll(name, " ", ".")) + "@example.com",
		password: "seven purple lanterns hum for " + strings.Fields(name)[0],
	}
	ctx, cancel := chromedp.NewContext(browser, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	p.ctx = ctx
	t.Cleanup(func() { p.leave(cancel) })
	p.do(chromedp.Steps())
	call(p, audits.Enable, cdp.Empty{})
	// Without this, only one of several tabs would have the focus.
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	// Every visit is a first one, so that its size is that of all assets.
	call(p, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	p.look("light", 1280)
	return p
}

// leave fails the test if the browser reported an error or the program logged a
// secret.
func (p *person) leave(cancel context.CancelFunc) {
	defer cancel()
	if p.t.Failed() {
		p.keepPicture()
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, fault := range p.faults {
		p.t.Errorf("%s's browser complained: %s", p.name, fault)
	}
	p.faults = nil
	for _, secret := range p.secrets {
		if strings.Contains(p.site.log.String(), secret) {
			p.t.Errorf("the program's log has %q in it, a secret of %s's", secret, p.name)
		}
	}
}

// keepPicture stores a picture of the page when a test failed.
func (p *person) keepPicture() {
	picture, err := p.picture()
	if err != nil {
		return
	}
	path := filepath.Join("shots", "failed", strings.ReplaceAll(p.t.Name(), "/", "-")+"-"+p.email+".png")
	if os.MkdirAll(filepath.Dir(path), 0o755) == nil && os.WriteFile(path, picture, 0o644) == nil {
		p.t.Logf("what %s saw is in e2e/%s", p.name, path)
	}
}

// listen runs on the browser's own goroutine.
func (p *person) listen(event any) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	complain := func(format string, args ...any) { p.faults = append(p.faults, fmt.Sprintf(format, args...)) }
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument && string(e.RequestID) == string(e.LoaderID) && p.isTop(e.FrameID) {
			p.page = e.RequestID
		}
		if e.RedirectResponse != nil {
			p.wire += int(e.RedirectResponse.EncodedDataLength)
		}
		// Browsers draw their date picker with a data: image; the policy
		// forbids it to pages.
		if !strings.HasPrefix(e.Request.URL, p.site.url+"/") && e.Request.URL != "about:blank" &&
			!strings.HasPrefix(e.Request.URL, "data:") {
			complain("the page asked %s, which is not this site", e.Request.URL)
		}
	case *network.EventResponseReceived:
		// A page may have any status, but its assets must exist. Browsers
		// request /favicon.ico if a page names no icon.
		if e.Type != network.ResourceTypeDocument && e.Response.Status >= 400 &&
			!strings.HasSuffix(e.Response.URL, "/favicon.ico") {
			complain("%s answered %d", e.Response.URL, e.Response.Status)
		}
	case *network.EventLoadingFinished:
		p.wire += int(e.EncodedDataLength)
	case *runtime.EventExceptionThrown:
		complain("exception: %s", e.ExceptionDetails.Text)
	case *runtime.EventConsoleAPICalled:
		complain("console.%s", e.Type)
	case *log.EventEntryAdded:
		// Buttons of dialogs also have popovertarget, for browsers without
		// commandfor.
		if strings.Contains(e.Entry.Text, "popovertarget is ignored") {
			return
		}
		// A page with status 4xx or 5xx is an entry too; its story checks the
		// status.
		if e.Entry.Source != log.EntrySourceNetwork && e.Entry.Level != log.EntryLevelInfo {
			complain("%s: %s (%s)", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		details, _ := json.Marshal(e.Issue.Details)
		complain("%s: %s", e.Issue.Code, details)
	}
}

// isTop reports whether frame is the page itself. A target has the id of its
// top frame.
func (p *person) isTop(frame cdp.FrameID) bool {
	target := chromedp.FromContext(p.ctx).Target
	return target != nil && string(target.TargetID) == string(frame)
}

// excuse ignores errors with this text.
func (p *person) excuse(text string) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.faults = slices.DeleteFunc(p.faults, func(fault string) bool { return strings.Contains(fault, text) })
}

func (p *person) do(action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := p.patiently()
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		p.t.Fatalf("%s's browser: %v", p.name, err)
	}
}

// patiently returns p.ctx at first: a shorter context would close the tab.
func (p *person) patiently() (context.Context, context.CancelFunc) {
	if chromedp.FromContext(p.ctx).Target == nil {
		return p.ctx, func() {}
	}
	return context.WithTimeout(p.ctx, patience)
}

func call[P, R any](p *person, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	ctx, cancel := p.patiently()
	defer cancel()
	result, err := chromedp.Call(ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s's browser: %s: %v", p.name, command.Method, err)
	}
	return result
}

// evaluate runs a script of the test, even with the page's scripts switched
// off.
func evaluate[T any](p *person, expression string) T {
	p.t.Helper()
	ctx, cancel := p.patiently()
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%s's browser: evaluating %.60q: %v", p.name, expression, err)
	}
	return value
}

// look sets the color scheme, "light" or "dark", and the width of the window in
// pixels.
func (p *person) look(scheme string, width int64) *person {
	p.t.Helper()
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"}, // or a transition would be measured halfway
	}})
	height := int64(900)
	if width < 600 {
		height = 844
	}
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: width, Height: height, DeviceScaleFactor: 1, Mobile: width < 600,
	})
	return p
}

// withoutScripts switches the pages' JavaScript off.
func (p *person) withoutScripts() *person {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	p.scriptless = true
	return p
}

// arrive runs an action that leads to another page, and waits for that page.
func (p *person) arrive(by chromedp.Action[chromedp.Void]) *person {
	p.t.Helper()
	p.mutex.Lock()
	p.wire = 0
	p.mutex.Unlock()
	ctx, cancel := p.patiently()
	defer cancel()
	response, err := chromedp.RunResponse(ctx, by)
	if err != nil {
		p.t.Fatalf("%s waited for another page: %v\nthe page still says:\n%s", p.name, err, p.text())
	}
	p.status, p.shown = 0, nil
	if response != nil {
		p.status = int(response.Status)
	}
	return p
}

// open opens a path of the site, or a whole address.
func (p *person) open(address string) *person {
	p.t.Helper()
	if strings.HasPrefix(address, "/") {
		address = p.site.url + address
	}
	return p.arrive(chromedp.Navigate(address))
}

// press presses a button or link and waits for the page that follows.
func (p *person) press(name string) *person {
	p.t.Helper()
	return p.arrive(p.click(p.onceDrawn(name, "button", "link")))
}

// toggle presses an element that leads to no other page: a checkbox, a radio
// button, a summary, a script's button.
func (p *person) toggle(name string) *person {
	p.t.Helper()
	p.do(p.click(p.onceDrawn(name, "checkbox", "radio", "button", disclosure)))
	return p
}

// onceDrawn finds an element after the page was drawn. Browsers drop clicks
// before that.
func (p *person) onceDrawn(name string, roles ...string) cdp.BackendNodeID {
	p.t.Helper()
	if p.scriptless { // no script can tell, but a picture is not taken before
		call(p, page.CaptureScreenshot, page.CaptureScreenshotParams{})
	} else {
		p.settle()
	}
	return p.find(name, roles...)
}

// fill sets the field with this label.
func (p *person) fill(label, value string) *person {
	p.t.Helper()
	if strings.Contains(strings.ToLower(label), "password") {
		p.secrets = append(p.secrets, value)
	}
	field := p.find(label, "textbox", "searchbox")
	call(p, dom.Focus, dom.FocusParams{BackendNodeID: field})
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown,
		Commands: []string{"selectAll"}})
	call(p, input.DispatchKeyEvent, input.DispatchKeyEventParams{Type: input.DispatchKeyEventTypeKeyDown,
		Commands: []string{"deleteBackward"}})
	call(p, input.InsertText, input.InsertTextParams{Text: value})
	return p
}

// disclosure is Chromium's role of a summary that opens and closes.
const disclosure = "DisclosureTriangle"

func (p *person) click(node cdp.BackendNodeID) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		if _, err := cdp.Call(ctx, t, dom.ScrollIntoViewIfNeeded,
			dom.ScrollIntoViewIfNeededParams{BackendNodeID: node}); err != nil {
			return err
		}
		shape, err := cdp.Call(ctx, t, dom.GetContentQuads, dom.GetContentQuadsParams{BackendNodeID: node})
		if err != nil {
			return err
		}
		if len(shape.Quads) == 0 {
			return fmt.Errorf("it has no place on the page")
		}
		q := shape.Quads[0]
		_, err = chromedp.MouseClickXY((q[0]+q[4])/2, (q[1]+q[5])/2)(ctx, t)
		return err
	})
}

// find returns the element with one of the roles and this accessible name, or
// the only one whose name begins with it.
func (p *person) find(name string, roles ...string) cdp.BackendNodeID {
	p.t.Helper()
	return p.node(name, roles...).BackendDOMNodeID
}

func (p *person) node(name string, roles ...string) *accessibility.Node {
	p.t.Helper()
	var exact, near []*accessibility.Node
	var names []string
	for _, node := range p.nodes() {
		if !slices.Contains(roles, text(node.Role)) {
			continue
		}
		names = append(names, text(node.Role)+" "+text(node.Name))
		switch has := text(node.Name); {
		case strings.EqualFold(has, name):
			exact = append(exact, node)
		case strings.HasPrefix(strings.ToLower(has), strings.ToLower(name)):
			near = append(near, node)
		}
	}
	if len(exact) == 0 {
		exact = near
	}
	if len(exact) != 1 {
		p.t.Fatalf("%s looked for %q on %s and found %d; there are:\n  %s", p.name, name, p.address(), len(exact),
			strings.Join(names, "\n  "))
	}
	return exact[0]
}

// offered reports whether a button or link has a name that begins with this.
func (p *person) offered(name string) bool {
	p.t.Helper()
	return slices.ContainsFunc(p.nodes(), func(n *accessibility.Node) bool {
		return slices.Contains([]string{"button", "link"}, text(n.Role)) &&
			strings.HasPrefix(strings.ToLower(text(n.Name)), strings.ToLower(name))
	})
}

// nodes returns the page's accessibility tree.
func (p *person) nodes() []*accessibility.Node {
	p.t.Helper()
	document := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: "document"})
	tree := call(p, accessibility.QueryAXTree, accessibility.QueryAXTreeParams{ObjectID: document.Result.ObjectID})
	return slices.DeleteFunc(tree.Nodes, func(n *accessibility.Node) bool { return n.Ignored })
}

func text(v *accessibility.Value) string {
	if v == nil {
		return ""
	}
	var s string
	_ = json.Unmarshal(v.Value, &s)
	return strings.Join(strings.Fields(s), " ")
}

// value returns the content of the field with this label.
func (p *person) value(label string) string {
	p.t.Helper()
	return text(p.node(label, "textbox").Value)
}

// focused returns the role and name of the focused element.
func (p *person) focused() (role, name string) {
	p.t.Helper()
	active := call(p, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.activeElement"})
	alone := false
	tree := call(p, accessibility.GetPartialAXTree,
		accessibility.GetPartialAXTreeParams{ObjectID: active.Result.ObjectID, FetchRelatives: &alone})
	return text(tree.Nodes[0].Role), text(tree.Nodes[0].Name)
}

// hasFocus waits until the element with this role and name has the focus.
// Browsers move it when they draw the page.
func (p *person) hasFocus(role, name string) *person {
	p.t.Helper()
	var hasRole, hasName string
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if hasRole, hasName = p.focused(); hasRole == role && hasName == name {
			return p
		}
	}
	p.t.Fatalf("on %s %s %q has the focus, not %s %q", p.address(), hasRole, hasName, role, name)
	return p
}

// back presses the browser's back button.
func (p *person) back() *person {
	p.t.Helper()
	p.do(chromedp.NavigateBack())
	return p
}

// keys presses keys: "\t" is tab and "\r" is enter.
func (p *person) keys(keys string) *person {
	p.t.Helper()
	p.do(typing(keys))
	return p
}

// typing sends raw key events, as a keyboard does. After others, a key that
// follows a link is repeated on the next page.
func typing(keys string) chromedp.Action[chromedp.Void] {
	return chromedp.KeyEvent(keys, func(event *input.DispatchKeyEventParams) {
		if event.Type == input.DispatchKeyEventTypeKeyDown {
			event.Type = input.DispatchKeyEventTypeRawKeyDown
		}
	})
}

// tabTo presses tab until the element with this name has the focus, which must
// be visible.
func (p *person) tabTo(name string) *person {
	p.t.Helper()
	var seen []string
	for range 40 {
		p.keys("\t")
		role, has := p.focused()
		if strings.EqualFold(has, name) {
			const outlined = `getComputedStyle(document.activeElement).outlineStyle !== "none" || getComputedStyle(document.activeElement).boxShadow !== "none"`
			if !evaluate[bool](p, outlined) {
				p.t.Errorf("%q has the focus, but it is not visible", name)
			}
			return p
		}
		seen = append(seen, role+" "+has)
	}
	p.t.Fatalf("%s pressed tab and never came to %q, only to:\n  %s", p.name, name, strings.Join(seen, "\n  "))
	return p
}

// text returns the text of the page.
func (p *person) text() string {
	p.t.Helper()
	return strings.Join(strings.Fields(evaluate[string](p, "document.body.innerText")), " ")
}

func (p *person) address() string {
	p.t.Helper()
	return evaluate[string](p, "location.pathname + location.search")
}

// sees fails the test unless the page has each text.
func (p *person) sees(texts ...string) *person {
	p.t.Helper()
	page := p.text()
	for _, text := range texts {
		if !strings.Contains(page, text) {
			p.t.Fatalf("%s does not see %q at %s (%d), only:\n%s", p.name, text, p.address(), p.status, page)
		}
	}
	return p
}

// at fails the test unless the page has this path and status.
func (p *person) at(path string, status int) *person {
	p.t.Helper()
	address, _, _ := strings.Cut(p.address(), "?")
	if address != path || p.status != status {
		p.t.Fatalf("%s is at %s (%d), not at %s (%d):\n%s", p.name, address, p.status, path, status, p.text())
	}
	return p
}

// message returns the next mail to the user, which must have this in its
// subject. It skips alerts about new devices unless one is wanted. The link
// must lead to this site.
func (p *person) message(subject string) mailtest.Message {
	p.t.Helper()
	m := p.site.mail.Next(p.t, p.email)
	for strings.HasPrefix(m.Subject, "New login") && !strings.HasPrefix(subject, "New login") {
		m = p.site.mail.Next(p.t, p.email)
	}
	if !strings.Contains(m.Subject, subject) {
		p.t.Fatalf("%s got %q, not %q", p.name, m.Subject, subject)
	}
	link, err := url.Parse(m.Link)
	if err != nil || link.Scheme+"://"+link.Host != p.site.url {
		p.t.Fatalf("%s was mailed a link to %s, which is not this site", p.name, m.Link)
	}
	if token := link.Query().Get("token"); token != "" {
		p.secrets = append(p.secrets, token)
	}
	return m
}

// html returns the page as it was sent.
func (p *person) html() []byte {
	p.t.Helper()
	if p.shown != nil {
		return p.shown
	}
	p.mutex.Lock()
	page := p.page
	p.mutex.Unlock()
	return call(p, network.GetResponseBody, network.GetResponseBodyParams{RequestID: page}).Body
}

// picture returns the whole page as a PNG.
func (p *person) picture() ([]byte, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.FullScreenshot(100))
}

// received returns the number of bytes that the page took over the network,
// once the browser has loaded all of it.
func (p *person) received() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.wire
}
