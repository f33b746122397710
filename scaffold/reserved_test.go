package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestResource_RefusesColumnsThatCannotWork(t *testing.T) {
	c := newClone(t)
	for column, reason := range map[string]string{
		"id": "every row has", "user_id": "every row has", "form": "every row has", "table_name": "every row has", "quota": "every row has", "owned": "every row has",
		"xmin": "database has", "ctid": "database has", "rowid": "database has", "elements": "HTML forms", "dataset": "HTML forms", "submit": "HTML forms",
		"closest": "HTML forms", "children": "HTML forms", "next": "the login reads", "kept": "the login reads",
	} {
		c.refuses(fmt.Sprintf("can't be called %q", column), "resource", "zebra", "number", column)
		c.refuses(reason, "resource", "zebra", "number", column)
		c.refuses("such as zebra_"+column, "resource", "zebra", "number", column)
	}
	c.refuses("views would declare zebraColumns twice", "resource", "zebra", "number", "column:enum:a,b")
	c.refuses("cannot be the name of a new table", "resource", "sqlite zebra", "number")
	c.refuses("TestMain, which starts all other tests", "page", "main")
}

// Names that mean something to Go, JavaScript, HTML, SQL or the project are
// either refused before anything is written, or yield code that compiles.
func TestResource_CompilesWhateverItsNamesMeanElsewhere(t *testing.T) {
	if testing.Short() {
		t.Skip("compiling a clone takes a minute")
	}
	c, made := newClone(t), 0
	for _, name := range strings.Fields("email client ip origin agent type func string range map go select interface test error query page form value class " +
		"function var document window option index list model view handler session user note column table order group package import return nil true " +
		"int rune any len max time context row find listing word problem person stage invalid template layout ctx fmt main init") {
		if err := c.does("resource", name, "name:string", "kind:enum:draft,sent", "amount:money:optional"); err == nil {
			made++
		} else if exitStatus(err) != 2 || !strings.Contains(strings.ToLower(err.Error()), name) {
			t.Errorf("resource %s: %v, want a refusal that names it", name, err)
		}
	}
	if made < 30 {
		t.Errorf("got %d resources, want 30 at least", made)
	}
	c.makes = true // of all views at once
	c.succeeds("resource", "zebra payment", "amount:money", "method", "action", "target", "length:int", "name", "title", "code", "answer:int", "type", "class", "for",
		"query", "list", "user", "group", "deleted_at:date", "raise", "system_user", "constructor", "style", "reset:bool", "hidden", "db", "err", "value:int:optional")
	c.succeeds("resource", "zebra gadget", "state:enum:draft,sent", "note:text")
	if err := runTool(t.Context(), c.root, "go", "vet", "./models", "./views", "./handlers"); err != nil {
		t.Error(err)
	}
}
