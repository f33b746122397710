package ui

import (
	"strings"
	"testing"

	"github.com/a-h/templ"
)

func markup(t *testing.T, part templ.Component) string {
	t.Helper()
	var b strings.Builder
	if err := part.Render(t.Context(), &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestAFieldSaysWhatItIsAndWhatIsWrong(t *testing.T) {
	in := Input{Name: "amount", Label: "Amount", Value: `1"0`, Unit: "USD", Hint: "Net.", Required: true, MaxLength: 9}
	got := markup(t, Field(in, map[string]string{"amount": "Too much."}))
	for _, want := range []string{
		`<label for="amount">Amount</label>`, `value="1&#34;0"`, ` required`, `maxlength="9"`, `aria-invalid="true"`,
		`aria-describedby="amount-problem amount-unit amount-hint"`, `id="amount-problem"`, `id="amount-unit">USD`, `id="amount-hint">Net.`,
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing in %s", want, got)
		}
	}
	if plain := markup(t, Field(Input{Name: "a", Label: "A"}, nil)); strings.Contains(plain, "aria-") || strings.Contains(plain, "required") {
		t.Errorf("a plain field claims more: %s", plain)
	}
}

// HTML drops the line break that a textarea begins with.
func TestATextareaKeepsEveryLine(t *testing.T) {
	if got := markup(t, Textarea(Input{Name: "n", Value: "\n\nTwo empty lines, </textarea>"}, nil)); !strings.Contains(got, ">\n\n\nTwo empty lines, &lt;/textarea&gt;</textarea>") {
		t.Error(got)
	}
}

func TestASelectIsRequiredWhereItCanBeEmpty(t *testing.T) {
	euro, none := Option{Value: "EUR", Label: "Euro"}, Option{Label: "Choose"}
	for _, step := range []struct {
		options  []Option
		required bool
	}{{[]Option{euro}, false}, {[]Option{none, euro}, true}, {nil, false}} {
		got := markup(t, Select(Input{Name: "c", Value: "EUR", Required: true}, step.options, nil))
		if strings.Contains(got, " required") != step.required || strings.Contains(got, `value="EUR" selected`) != (len(step.options) > 0) {
			t.Errorf("%v: %s", step.options, got)
		}
	}
}

func TestRadiosAreOneFieldToASummaryAndToScreenReaders(t *testing.T) {
	got := markup(t, Radios(Input{Name: "r", Label: "R", Value: "b", Hint: "H", Autofocus: true}, []Option{{Value: "a"}, {Value: "b"}}, nil))
	for want, times := range map[string]int{`id="r"`: 1, `id="r-2"`: 1, `name="r"`: 2, ` checked`: 1, ` autofocus`: 1, `aria-describedby="r-hint"`: 1, `<legend>R</legend>`: 1} {
		if strings.Count(got, want) != times {
			t.Errorf("%s is there %d times in %s", want, strings.Count(got, want), got)
		}
	}
}

func TestWhatIsTickedIsSentAsTrue(t *testing.T) {
	for ticked, part := range map[bool]func(Input, map[string]string) templ.Component{true: Checkbox, false: Switch} {
		got := markup(t, part(Input{Name: "c", Label: "C", Checked: ticked, Disabled: true}, nil))
		if !strings.Contains(got, `value="true"`) || !strings.Contains(got, " disabled") || strings.Contains(got, " checked") != ticked {
			t.Error(got)
		}
	}
}

func TestAMessageWithoutATextIsNotThereAndOneWithAnActionHasAForm(t *testing.T) {
	for _, part := range []func(Message) templ.Component{Notice, Toast} {
		if got := markup(t, part(Message{Action: "/undo", Label: "Undo"})); got != "" {
			t.Error(got)
		}
		if got := markup(t, part(Message{Text: "Deleted.", Action: "/undo", Label: "Undo"})); !strings.Contains(got, `method="post" action="/undo"`) {
			t.Error(got)
		}
		if got := markup(t, part(Message{Text: "Saved."})); strings.Contains(got, `method="post"`) {
			t.Error(got)
		}
	}
}

func TestNotDoingItComesFirst(t *testing.T) {
	got := markup(t, Confirm(Question{ID: "d", Open: "Delete", Title: "Sure?", Action: "/delete", Label: "Delete it"}))
	if cancel, do := strings.Index(got, "Cancel"), strings.Index(got, "Delete it"); cancel < 0 || do < cancel {
		t.Error(got)
	}
}

func TestAPagerLeadsNowhereBeyondItsEnds(t *testing.T) {
	list := List{Path: "/x", Size: 10, Total: 25}
	for page, rels := range map[int][]string{1: {"next"}, 2: {"prev", "next"}, 3: {"prev"}} {
		list.Page = page
		got := markup(t, Pager(list))
		if strings.Count(got, ` rel="`) != len(rels) || !strings.Contains(got, `rel="`+rels[0]+`"`) {
			t.Errorf("page %d: %s", page, got)
		}
	}
	if got := markup(t, Pager(List{Path: "/x", Size: 30, Total: 25})); got != "" {
		t.Error(got)
	}
}

func TestATableSaysHowItIsSorted(t *testing.T) {
	columns := []Column{{Name: "due", Label: "Due"}, {Name: "number", Label: "Number"}, {Label: "Actions", Hidden: true}}
	got := markup(t, Table("Invoices", columns, List{Path: "/x", Sort: "-due"}))
	if strings.Count(got, "aria-sort") != 1 || !strings.Contains(got, `<th scope="col" aria-sort="descending"><a href="/x?sort=due">`) {
		t.Error(got)
	}
	if !strings.Contains(got, "<caption") || !strings.Contains(got, `<span class="sr-only">Actions</span>`) {
		t.Error(got)
	}
}
