package e2e

import (
	"archive/zip"
	"io"
	"strings"
	"testing"
)

// accountExportViews is the page about an export.
func accountExportViews(t *testing.T) []view {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").joins()
	return []view{{"account-export", "/account/export", 200, ada, opens("/account/export")}}
}

func TestExport_DownloadsTheUsersData(t *testing.T) {
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
			t.Errorf("users.json: got %s (%v), want Ada's data", content, err)
		}
	}
}
