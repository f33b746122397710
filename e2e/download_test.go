package e2e

import (
	"path/filepath"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
)

// downloads presses the button that downloads a file, and returns the file's
// path.
func (p *person) downloads(name string) (path string) {
	p.t.Helper()
	folder := p.t.TempDir()
	tab := call(p, target.GetTargetInfo, target.GetTargetInfoParams{}).TargetInfo
	call(p, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow,
		BrowserContextID: tab.BrowserContextID, DownloadPath: folder})
	p.toggle(name)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		found, _ := filepath.Glob(filepath.Join(folder, "*")) // the pattern is a good one
		if len(found) == 1 && filepath.Ext(found[0]) != ".crdownload" {
			return found[0]
		}
	}
	p.t.Fatalf("nothing was downloaded; the page says:\n%s", p.text())
	return ""
}
