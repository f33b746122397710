package e2e

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"
)

// enhance makes htmx submit the form with this action and replace the main part
// of the page.
func (p *person) enhance(action string) *person {
	p.t.Helper()
	evaluate[bool](p, strings.ReplaceAll(`(() => {
		const form = document.querySelector('form[action="ACTION"]')
		for (const [name, value] of Object.entries({post: "ACTION", target: "#main", select: "#main", swap: "outerHTML"}))
			form.setAttribute("data-hx-" + name, value)
		htmx.process(form)
		return true
	})()`, "ACTION", action))
	return p
}

// comesToSee waits for a text to appear without a new page.
func (p *person) comesToSee(text string) *person {
	p.t.Helper()
	return p.comes("document.body.innerText.includes(" + strconv.Quote(text) + ")")
}

// comes waits until the expression is true.
func (p *person) comes(expression string) *person {
	p.t.Helper()
	for deadline := time.Now().Add(patience); !evaluate[bool](p, "Boolean("+expression+")"); {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s waits for %s in vain and sees:\n%s", p.name, expression, p.text())
		}
	}
	return p
}

// refused shows a page that says that a form was refused.
func refused(p *person) {
	p.open("/account")
	evaluate[bool](p, `tell("That is too large", "What was sent is larger than we take. Go back, send less, and it " +
		"will fit."), true`)
}

func TestHTMX_ShowsErrorsAndFocusesTheSummary(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account").enhance("/account")
	ada.fill("Name", " ").toggle("Save").hasFocus("alert", "").comesToSee("Enter your name.")
	ada.excuse("/account answered 422")
	ada.enhance("/account").fill("Name", "Ada King").toggle("Save")
	ada.comesToSee("Your name is saved.").at("/account", http.StatusOK)
}

func TestHTMX_SavesAFormWhenTheSessionHasExpired(t *testing.T) {
	s := startWithMail(t)
	ada, phone := s.visit(t, "Ada Lovelace"), s.visit(t, "Ada Lovelace")
	ada.joins().open("/account").enhance("/account").fill("Name", "Ada King").endsElsewhere(phone)
	ada.toggle("Save").comesToSee("what you typed is still there").hasFocus("textbox", "Email")
	ada.excuse("/account answered 401")
	if ada.fill("Password", "half a pass").toggle("Show password"); ada.value("Password") != "half a pass" {
		t.Error("the login page that took the page's place does not show its password")
	}
	ada.isBack("Ada King")
}

func TestHTMX_LeadsToLoginAndBack(t *testing.T) {
	s := startWithMail(t)
	ada, phone := s.visit(t, "Ada Lovelace"), s.visit(t, "Ada Lovelace")
	ada.joins().open("/account").endsElsewhere(phone)
	evaluate[bool](ada, `(() => {
		const link = document.querySelector('#main [href="/account/sessions"]')
		link.setAttribute("data-hx-get", "/account/sessions")
		link.setAttribute("data-hx-target", "#main")
		htmx.process(link)
		return true
	})()`)
	ada.press("Sessions").at("/login", http.StatusOK)
	ada.fill("Email", ada.email).fill("Password", ada.password).press("Log in").at("/account", http.StatusOK)
}

func TestHTMX_KeepsTheInputOfARefusedForm(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account").enhance("/account").fill("Name", "Ada King")
	evaluate[bool](ada, `document.querySelector('form[action="/account"]').insertAdjacentHTML("beforeend",
		"<input type=hidden name=more value=" + "x".repeat(2_000_000) + ">"), true`)
	ada.toggle("Save").comesToSee("That is too large").sees("send less")
	ada.excuse("/account answered 413")
	if ada.value("Name") != "Ada King" {
		t.Error("what was typed is gone")
	}
	ada.toggle("Dismiss")
	if strings.Contains(ada.text(), "too large") {
		t.Error("the message does not go")
	}
}

func TestHTMX_ShowsARefusedPageWhole(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account")
	evaluate[bool](ada, `htmx.ajax("GET", "/nowhere", "#main"), true`)
	ada.comesToSee("There is no page here").hasFocus("main", "")
	ada.excuse("/nowhere answered 404")
}

func TestHTMX_ReportsAnUnreachableServer(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account").enhance("/account").fill("Name", "Ada King")
	evaluate[bool](ada, `window.fetch = () => Promise.reject(new TypeError("Failed to fetch")), true`)
	ada.toggle("Save").comesToSee("We cannot reach the server")
	ada.excuse("console.error") // htmx logs it
	if ada.value("Name") != "Ada King" {
		t.Error("what was typed is gone")
	}
}

func TestHTMX_SendsAFormOnce(t *testing.T) {
	ada := startWithMail(t).visit(t, "Ada Lovelace").joins().open("/account").enhance("/account").fill("Name", "Ada King")
	evaluate[bool](ada, `(() => {
		const send = window.fetch
		window.sent = 0
		window.fetch = (...what) => (window.sent++, new Promise(later => window.goOn = later).then(() => send(...what)))
		return true
	})()`)
	ada.toggle("Save").toggle("Save")
	if !evaluate[bool](ada, `document.activeElement.ariaBusy === "true"`) {
		t.Error("the button does not say that it is working")
	}
	evaluate[bool](ada, "window.goOn(), true")
	ada.comesToSee("Your name is saved.")
	if sent := evaluate[int](ada, "window.sent"); sent != 1 {
		t.Errorf("three clicks: got %d requests, want 1", sent)
	}
}
