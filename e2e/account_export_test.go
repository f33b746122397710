package e2e

import "testing"

// accountExportViews is the page of what an export has.
func accountExportViews(t *testing.T) []view {
	ada := startWithMail(t, "RATE_LIMIT=off").visit(t, "Ada Lovelace").joins()
	return []view{{"account-export", "/account/export", 200, ada, opens("/account/export")}}
}
