package e2e

import (
	"net/http"
	"testing"
)

func TestTerms_DeclinedLeaveExportAndDeletion(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		s := startWithMail(t)
		s.visit(t, "Ada Lovelace").joins()
		ada := s.again(t, "TERMS_VERSION=2027-06-01").visit(t, "Ada Lovelace")
		if !scripts {
			ada.withoutScripts()
		}
		ada.logIn().at("/login/terms", http.StatusOK).toggle("I do not accept")
		ada.downloads("Download")
		ada.press("Delete").at("/login/terms/delete", http.StatusOK).fill("Your email address",
			ada.email).press("Delete my account")
		ada.sees("Your account is closed").open("/login/terms").at("/login", http.StatusOK)
	}
}
