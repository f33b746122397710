// feature:totp

package e2e

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/target"
)

// codes returns the codes on the open page.
func (p *person) codes() []string {
	p.t.Helper()
	codes := strings.Fields(evaluate[string](p, `document.getElementById("codes").innerText`))
	if len(codes) != 10 {
		p.t.Fatalf("%d codes are shown: %s", len(codes), p.text())
	}
	return codes
}

func TestRecoveryCodes_AreDownloadedAndUsed(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		ada := startWithMail(t).visit(t, "Ada Lovelace").joins()
		if !scripts {
			ada.withoutScripts()
		}
		ada.open("/account/totp/new").enrolls()
		ada.open("/account/recovery-codes").press("Make new codes").message("security")
		codes := ada.codes()
		file, err := os.ReadFile(ada.downloads("Download"))
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range codes {
			if !strings.Contains(string(file), code) {
				t.Errorf("%s is not in the file: %s", code, file)
			}
		}
		for _, button := range []string{"Copy", "Print"} {
			if ada.offered(button) != scripts {
				t.Errorf("scripts: %t, %s is offered: %t", scripts, button, !scripts)
			}
		}
		ada.press("I have kept them").press("Log out").logIn().at("/login/factor",
			http.StatusOK).press("Use a recovery code")
		ada.fill("Recovery code", codes[3]).press("Log in").at("/dashboard", http.StatusOK).message("recovery code")
		ada.open("/account/recovery-codes").sees("9 of your codes are unused.")
	}
}

// A browser that refuses the clipboard, or has none without https, still has
// the codes selected for the user to copy.
func TestRecoveryCodes_AreSelectedWhereTheClipboardIsRefused(t *testing.T) {
	for _, clipboard := range []string{`{writeText: () => Promise.reject(new DOMException("", "NotAllowedError"))}`, `undefined`} {
		ada := startWithMail(t).visit(t, "Ada Lovelace")
		ada.joins().open("/account/totp/new").enrolls()
		ada.open("/account/recovery-codes").press("Make new codes")
		evaluate[bool](ada, `Object.defineProperty(navigator, "clipboard", {value: `+clipboard+`}); document.execCommand = () => false; true`)
		ada.toggle("Copy").hears("Selected. Copy with your keyboard or menu.")
		if got := evaluate[string](ada, `getSelection().toString()`); !strings.Contains(got, ada.codes()[0]) {
			t.Errorf("%q is selected, want the codes", got)
		}
	}
}

func TestRecoveryCodes_AreCopiedAndPrinted(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account/totp/new")
	ada.enrolls()
	ada.open("/account/recovery-codes").press("Make new codes")
	codes := ada.codes()
	tab := call(ada, target.GetTargetInfo, target.GetTargetInfoParams{}).TargetInfo
	call(ada, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: "clipboard-read"},
		Setting: browser.PermissionSettingGranted, BrowserContextID: tab.BrowserContextID})
	ada.toggle("Copy")
	evaluate[bool](ada, `new Promise(done => {
		const look = () => document.querySelector("[data-copy]").textContent === "Copied" ? done(true) : setTimeout(look, 20);
		look();
	})`)
	if copied := strings.Fields(evaluate[string](ada, "navigator.clipboard.readText()")); strings.Join(copied,
		" ") != strings.Join(codes, " ") {
		t.Errorf("copied is %q, shown %q", copied, codes)
	}
	evaluate[bool](ada, `addEventListener("beforeprint", () => document.title = "printed") === undefined`)
	ada.toggle("Print")
	if title := evaluate[string](ada, "document.title"); title != "printed" {
		t.Errorf("the page is %q after Print", title)
	}
}
