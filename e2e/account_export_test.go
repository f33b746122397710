package e2e

import (
	"archive/zip"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
)

// accountExportViews is the page of what an export has.
func accountExportViews(t *testing.T) []view {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").joins()
	return []view{{"account-export", "/account/export", 200, ada, opens("/account/export")}}
}

func TestAdaDownloadsHerData(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		archive, err := zip.OpenReader(ada.open("/account").press("Download").downloads("Download my data"))
		if err != nil {
			t.Fatal(err)
		}
		defer archive.Close()
		file, err := archive.Open("users.json")
		if err != nil {
			t.Fatal(err)
		}
		content := new(strings.Builder)
		if _, err := io.Copy(content, file); err != nil || !strings.Contains(content.String(), ada.email) {
			t.Errorf("users.json is not about her (%v): %s", err, content)
		}
	}
}

// downloads presses what downloads a file, and returns where the file is.
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
