package dev

import (
	_ "embed"
	"reflect"
	"runtime"
	"strings"
	"time"

	"github.com/a-h/templ"

	"example.com/gatehouse/views/ui"
)

// uiSource is this page's own source: what is shown beside a part is what made it, and cannot be anything else.
//
//go:embed dev_ui.templ
var uiSource string

// UIPart is one page of /dev/ui: parts of a kind, in all their states.
type UIPart struct {
	Slug, Title, Text string
	Icon              ui.Shape
	head              func() templ.Component // instead of the title, where the head of a page is among what is shown
	examples          []func() templ.Component
}

// Address is where the part is shown.
func (p UIPart) Address() string { return "/dev/ui/" + p.Slug }

// example is a part in one state, and the lines that make it.
type example struct {
	name, title, source string
	shown               func() templ.Component
}

// wide says whether the example needs the width of the page: many of a kind do.
func (e example) wide() bool { return strings.Contains(e.source, "for _, ") }

// exampleOf finds the example's source by its name: what stands between "templ name() {" and the brace that closes it, and
// the comment above, which says what it is.
func exampleOf(shown func() templ.Component) example {
	name := runtime.FuncForPC(reflect.ValueOf(shown).Pointer()).Name()
	name = name[strings.LastIndexByte(name, '.')+1:]
	above, below, _ := strings.Cut(strings.ReplaceAll(uiSource, "\r\n", "\n"), "\ntempl "+name+"() {\n")
	_, title, _ := strings.Cut(above[strings.LastIndexByte(above, '\n')+1:], "// ")
	source, _, _ := strings.Cut(below, "\n}\n")
	return example{name, title, strings.ReplaceAll("\n"+source, "\n\t", "\n")[1:], shown}
}

// UIParts lists the pages of /dev/ui.
func UIParts() []UIPart {
	show := func(examples ...func() templ.Component) []func() templ.Component { return examples }
	return []UIPart{
		{"fields", "Fields", "What is typed into: a label, a hint, and a problem that is told beside the field.", ui.IconPencil, nil, show(
			showField, showFieldFilled, showFieldHint, showFieldProblem, showFieldReadOnly, showFieldDisabled, showFieldLong, showFieldEmail,
			showFieldNumber, showFieldMoney, showFieldDate, showTextarea, showTextareaProblem, showPassword, showOneTimeCode, showOneTimeCodeProblem,
		)},
		{"choices", "Choices", "What is chosen from: one of many, some of a few, on or off, a file.", ui.IconList, nil, show(
			showSelect, showSelectGroups, showSelectProblem, showSelectDisabled, showRadios, showRadiosProblem, showCheckbox, showCheckboxProblem, showSwitch, showSwitchOff,
			showSwitchDisabled, showFile, showFileProblem,
		)},
		{"forms", "Forms", "A form that was sent comes back with what was typed, and with a summary that has the focus.", ui.IconFile, nil, show(
			showForm, showUploadForm, showSearch, showSearchFilled,
		)},
		{"buttons", "Buttons and dialogs", "One primary button to a page; what cannot be undone asks first.", ui.IconComponent, nil, show(
			showButtons, showButtonsSmall, showButtonIcons, showLinkButton, showSubmitButton, showBusyButton, showConfirm, showDialog,
		)},
		{"lists", "Lists", "Rows that sort and turn their pages by plain links, and become cards on a phone.", ui.IconDatabase, nil, show(
			showTable, showPager, showPagerEnd, showEmptyState, showBadges, showMoment, showAvatars,
		)},
		{"navigation", "Navigation", "Where one is, what is beside it, and the way back up.", ui.IconFolder, nil, show(
			showTabs, showArea, showBreadcrumb, showMenu, showMenuPerson, showMenuIcon,
		)},
		{"messages", "Messages", "What was done, how far something has come, and what there is to know.", ui.IconInfo, nil, show(
			showSummary, showNotice, showNoticeAction, showToast, showCallouts, showProgress, showProgressUnknown, showSkeleton,
		)},
		{"cards", "Cards and heads", "What a page is laid out with.", ui.IconHome, showPageHead, show(
			showPageHead, showCard, showCardBare, showStats, showMark,
		)},
		{"icons", "Icons", "Lucide’s, each one path. They say nothing that the words beside them do not.", ui.IconImage, nil, show(showIcon, showIcons)},
	}
}

// namedIcon is an icon and what the code calls it.
type namedIcon struct {
	Name  string
	Shape ui.Shape
}

// uiIcons lists every icon there is.
func uiIcons() []namedIcon {
	return []namedIcon{
		{"IconAlert", ui.IconAlert},
		{"IconArrow", ui.IconArrow},
		{"IconCalendar", ui.IconCalendar},
		{"IconChart", ui.IconChart},
		{"IconCheck", ui.IconCheck},
		{"IconClock", ui.IconClock},
		{"IconClose", ui.IconClose},
		{"IconComponent", ui.IconComponent},
		{"IconDatabase", ui.IconDatabase},
		{"IconDevices", ui.IconDevices},
		{"IconDoor", ui.IconDoor},
		{"IconDown", ui.IconDown},
		{"IconEye", ui.IconEye},
		{"IconEyeOff", ui.IconEyeOff},
		{"IconFile", ui.IconFile},
		{"IconFinger", ui.IconFinger},
		{"IconFolder", ui.IconFolder},
		{"IconHome", ui.IconHome},
		{"IconImage", ui.IconImage},
		{"IconInbox", ui.IconInbox},
		{"IconInfo", ui.IconInfo},
		{"IconKey", ui.IconKey},
		{"IconLaptop", ui.IconLaptop},
		{"IconLeft", ui.IconLeft},
		{"IconList", ui.IconList},
		{"IconLock", ui.IconLock},
		{"IconLogOut", ui.IconLogOut},
		{"IconMail", ui.IconMail},
		{"IconMailCheck", ui.IconMailCheck},
		{"IconMore", ui.IconMore},
		{"IconNote", ui.IconNote},
		{"IconPencil", ui.IconPencil},
		{"IconPhone", ui.IconPhone},
		{"IconPin", ui.IconPin},
		{"IconPlus", ui.IconPlus},
		{"IconRight", ui.IconRight},
		{"IconRocket", ui.IconRocket},
		{"IconSearch", ui.IconSearch},
		{"IconSettings", ui.IconSettings},
		{"IconShield", ui.IconShield},
		{"IconSort", ui.IconSort},
		{"IconSortDown", ui.IconSortDown},
		{"IconSortUp", ui.IconSortUp},
		{"IconTag", ui.IconTag},
		{"IconTrash", ui.IconTrash},
		{"IconUndo", ui.IconUndo},
		{"IconUnlink", ui.IconUnlink},
		{"IconUser", ui.IconUser},
		{"IconUsers", ui.IconUsers},
		{"IconWarning", ui.IconWarning},
	}
}

// paidAt is when an invoice that is shown was paid.
func paidAt() time.Time { return time.Date(2026, time.November, 2, 16, 40, 0, 0, time.UTC) }

// invoice is a row of the table that is shown.
type invoice struct{ Number, Customer, Due, Amount, State, Tone string }

func invoices() []invoice {
	return []invoice{
		{"2026-041", "Babbage & Sons", "Nov 30, 2026", "1,240.00", "Open", ""},
		{"2026-040", "The Society for Analytical Engines", "Nov 21, 2026", "12,500.50", "Overdue", "bad"},
		{"2026-039", "Menabrea", "Nov 2, 2026", "86.00", "Paid", "good"},
	}
}

func exampleColumns() []ui.Column {
	return []ui.Column{
		{Name: "number", Label: "Number"}, {Name: "customer", Label: "Customer"}, {Name: "due", Label: "Due"},
		{Name: "amount", Label: "Amount", Numeric: true}, {Label: "State"}, {Label: "Actions", Hidden: true},
	}
}
