package e2e

import (
	"net/http"
	"testing"
)

func TestDialog_OpensWithoutScripts(t *testing.T) {
	dan := start(t).visit(t, "Dan").withoutScripts().open("/dev/ui/buttons")
	dan.toggle("Delete").hasFocus("button", "Cancel").keys("\r").hasFocus("button", "Delete")
	dan.toggle("Delete").press("Delete invoice").at("/dev/ui/buttons", http.StatusOK).sees("Nothing is kept here.")
}

func TestToast_ClosesWithoutScripts(t *testing.T) {
	dan := start(t).visit(t, "Dan").withoutScripts().open("/dev/ui/messages").sees("The invoice is archived.")
	if dan.toggle("Dismiss").offered("Dismiss") {
		t.Error("the toast is still shown")
	}
}

func TestCodeInput_AcceptsAPastedCode(t *testing.T) {
	dan := start(t).visit(t, "Dan").open("/dev/ui/fields")
	dan.fill("Code", "204 918")
	if got := dan.value("Code"); got != "204 918" {
		t.Errorf("got %q, want the whole code", got)
	}
}
