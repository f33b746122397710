package models

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"time"
	_ "time/tzdata" // for machines that have no time zones of their own, such as empty containers

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Preferences is how a person wants to see the site: theme, language and time zone. They are read with the session, on each request.
type Preferences struct {
	ID        string
	UserID    string
	Theme     string // "system", "light" or "dark"
	Language  string // the code of one of Languages
	TimeZone  string // one of TimeZones
	UpdatedAt time.Time
}

var preferencesTable = Table{
	Model: &Preferences{},
	Auth:  true,
	Bound: "one for each user",
	Says:  "How you want to see the site",
}

// PreferencesForm is them as they are chosen.
type PreferencesForm struct {
	Theme    string `form:"theme"`
	Language string `form:"language"`
	TimeZone string `form:"time_zone"`
}

// Language is one that the site can be read in, and how it writes days, moments and times of day, as layouts of package time.
type Language struct{ Code, Name, Day, Moment, Clock string }

// Languages lists what can be chosen; the first is that of who has not. All speak English, since the pages do: what differs is how
// dates are written. docs/look.md tells how to add one.
func Languages() []Language {
	return []Language{
		{"en", "English", "January 2, 2006", "Jan 2, 2006, 15:04", "15:04"},
		{"en-AU", "English (Australia)", "2 January 2006", "2 Jan 2006, 3:04 pm", "3:04 pm"},
		{"en-CA", "English (Canada)", "January 2, 2006", "Jan 2, 2006, 3:04 PM", "3:04 PM"},
		{"en-IN", "English (India)", "2 January 2006", "2 Jan 2006, 3:04 pm", "3:04 pm"},
		{"en-IE", "English (Ireland)", "2 January 2006", "2 Jan 2006, 15:04", "15:04"},
		{"en-GB", "English (United Kingdom)", "2 January 2006", "2 Jan 2006, 15:04", "15:04"},
		{"en-US", "English (United States)", "January 2, 2006", "Jan 2, 2006, 3:04 PM", "3:04 PM"},
	}
}

// FindLanguage returns the language with a code, and the first of Languages for one that there is not.
func FindLanguage(code string) Language {
	list := Languages()
	return list[max(0, slices.IndexFunc(list, func(l Language) bool { return l.Code == code }))]
}

//go:generate go run preferences_zones_generate.go $TZDB preferences_zones.txt

// zones has a line for each region of the time zone database's zone.tab: its
// name, and behind it the names that it had before. Browsers still report some of
// those: Unicode's CLDR keeps the first name that a zone ever had.
//
//go:embed preferences_zones.txt
var zones string

// TimeZones lists the names of what can be chosen, UTC first.
func TimeZones() (names []string) {
	for line := range strings.Lines(zones) {
		names = append(names, strings.Fields(line)[0])
	}
	return names
}

// FormerTimeZones returns what can be chosen by the names that it had before.
func FormerTimeZones() map[string]string {
	former := map[string]string{}
	for line := range strings.Lines(zones) {
		names := strings.Fields(line)
		for _, name := range names[1:] {
			former[name] = names[0]
		}
	}
	return former
}

// currentTimeZone returns the name under which a zone can be chosen, and the name
// as it is where the zone is unknown.
func currentTimeZone(name string) string { return cmp.Or(FormerTimeZones()[name], name) }

// Form is the preferences as they are chosen; what was never chosen is the device's theme, English and UTC.
func (p Preferences) Form() PreferencesForm {
	form := PreferencesForm{p.Theme, FindLanguage(p.Language).Code, currentTimeZone(p.TimeZone)}
	if form.Theme == "" {
		form.Theme = "system"
	}
	if !slices.Contains(TimeZones(), form.TimeZone) {
		form.TimeZone = "UTC"
	}
	return form
}

// SavePreferences keeps what the user chose; the error is an Invalid where something cannot be chosen.
func SavePreferences(db *gorm.DB, user *User, form PreferencesForm) error {
	var codes []string
	for _, language := range Languages() {
		codes = append(codes, language.Code)
	}
	problems := Invalid{}
	p := Preferences{
		ID: uuid.Must(uuid.NewV7()).String(), UserID: user.ID,
		Theme:    problems.Choice("theme", form.Theme, "system", "light", "dark"),
		Language: problems.Choice("language", form.Language, codes...),
		TimeZone: problems.Choice("time_zone", currentTimeZone(form.TimeZone), TimeZones()...),
	}
	if err := problems.Err(); err != nil {
		return err
	}
	return db.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"theme", "language", "time_zone", "updated_at"}),
	}).Create(&p).Error
}

// PreferencesOf returns what the user has chosen, and nothing where they have not.
func PreferencesOf(db *gorm.DB, user *User) (Preferences, error) {
	var p Preferences
	err := db.Where("user_id = ?", user.ID).Limit(1).Find(&p).Error
	return p, err
}
