package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/mail"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

const initUsage = `usage: go run ./scaffold init [flags]

Makes the clone yours: the module path in every file, the name in pages, mail and settings, a README, a license and a changelog of
your own. At a terminal it asks for what it is not told. It can be run again with other values.

  --module example.org/acme/shop    the Go module; its last part names the binary
  --name "Acme Shop"                shown in pages and mail
  --accent "#0a7ea4"                the one color; also rgb(…) and oklch(…)
  --holder "Acme Inc."              who holds the copyright; git's user.name otherwise
  --license mit                     or proprietary, the default: all rights reserved
  --drop notes,other                optional features to leave out; go run ./scaffold drop lists them
  --commit                          commit the result
  --yes                             take the defaults for the rest, and don't ask
  --force                           even though there are changes that are not committed
`

// identity is what makes a clone somebody's product.
type identity struct{ module, name, accent, holder, license string }

// binary is the file that the product is built to: the module's last part that is no version.
func (id identity) binary() string {
	if base := path.Base(id.module); !majorVersion.MatchString(base) {
		return base
	}
	return path.Base(path.Dir(id.module))
}

var (
	majorVersion   = regexp.MustCompile(`^v\d+$`)
	moduleElement  = regexp.MustCompile(`^[A-Za-z0-9_~-]([A-Za-z0-9._~-]*[A-Za-z0-9_~-])?$`)
	nameDefault    = regexp.MustCompile(`(env:"APP_NAME" envDefault:")([^"]*)"`)
	brandToken     = regexp.MustCompile(`(?m)^(\s*--brand: )(.*);$`)
	copyrightLine  = regexp.MustCompile(`(?m)^Copyright \(c\) (\d{4}) (.+)$`)
	themeColor     = regexp.MustCompile(`(name="theme-color" content=")(#[0-9a-f]{6})"`)
	mailAccent     = regexp.MustCompile(`(?m)^(const accent = ")(#[0-9a-f]{6})"$`)
	mailColor      = regexp.MustCompile(`(?m)^(\t\w+\s+= ")(#[0-9a-f]{6})"$`)
	iconColors     = regexp.MustCompile(`(?s)<rect [^>]*fill="(#[0-9a-f]{6})".*<path fill="(#[0-9a-f]{6})"`)
	readmeSections = regexp.MustCompile(`(?m)^## `)
)

// templateOnly is what only the template's own development needs, such as the
// tests of init. A clone that has none of these files is a product.
var templateOnly = []string{".ci/walk", "bench/*", "docs/benchmarks.md", "docs/screenshots/*", "docs/style_test.go",
	"scaffold/init_test.go"}

// templateLine is a line of another file that names templateOnly: in CI, in a list
// in Go or in Taskfile.yml.
var templateLine = regexp.MustCompile(`\.ci/walk|\./bench\b|^\s*"bench",\n|^  bench:\n`)

// wishes are what the flags of init say.
type wishes struct {
	identity
	drop               string
	commit, yes, force bool
}

// begin is the command init.
func begin(ctx context.Context, c *call) error {
	var w wishes
	words, f := c.words(map[string]any{"module": &w.module, "name": &w.name, "accent": &w.accent, "holder": &w.holder,
		"license": &w.license, "drop": &w.drop, "commit": &w.commit, "yes": &w.yes, "force": &w.force})
	for _, word := range words {
		f.add("%q is not understood here; every value has its flag, as in --name %[1]q.", word)
	}
	p, err := open(c.root)
	if err != nil {
		return err
	}
	f = append(f, w.refusals(ctx, c.root)...)
	now := p.identity()
	if err := c.settle(ctx, p, now, &w, f); err != nil {
		return err
	}
	features := featureList(w.drop)
	for _, feature := range features {
		p.drop(feature, false)
	}
	notes := p.become(now, w.identity, time.Now())
	if err := p.save(ctx, c, p.checksOfInit(features)...); err != nil {
		return err
	}
	if err := c.tellBegun(p, w.identity, notes); err != nil {
		return err
	}
	return w.committed(ctx, c.root, p)
}

// refusals are what git has against it.
func (w *wishes) refusals(ctx context.Context, root string) (f faults) {
	kept, dirty := underGit(ctx, root)
	if dirty && !w.force {
		f.add("There are changes that are not committed, and this changes nearly every file: commit or stash them, or say --force.")
	}
	if w.commit && !kept {
		f.add("--commit needs a git repository: run git init first.")
	}
	return f
}

func (w *wishes) committed(ctx context.Context, root string, p *project) error {
	if !w.commit || !p.changes() {
		return nil
	}
	_, err := git(ctx, root, "add", "--all", ".")
	if err == nil {
		_, err = git(ctx, root, "commit", "--quiet", "--message", "Begin "+w.name)
	}
	if err != nil {
		return fmt.Errorf("everything is written, but not committed: %w", err)
	}
	return nil
}

// checksOfInit build the product. Other names alone break no test that compiled before, so vet is for where lines are gone.
func (p *project) checksOfInit(dropped []string) []step {
	switch {
	case !p.changes():
		return nil
	case len(dropped) > 0:
		return p.checks()
	}
	return slices.DeleteFunc(p.checks(), func(s step) bool { return slices.Equal(s, vet) })
}

// identity is read from the files, so that init knows at its second run what the first one made.
func (p *project) identity() identity {
	find := func(pattern *regexp.Regexp, file string) string {
		if m := pattern.FindStringSubmatch(p.read(file)); m != nil {
			return m[2]
		}
		return ""
	}
	id := identity{p.module, find(nameDefault, "config/config.go"), find(brandToken, "assets/tokens.css"), "", "proprietary"}
	if id.name == "" {
		p.faults.add("config/config.go has no default for APP_NAME to change.")
	}
	if holders := copyrightLine.FindAllStringSubmatch(p.read("LICENSE"), -1); len(holders) > 1 {
		id.holder = holders[0][2]
	}
	if strings.HasPrefix(p.read("LICENSE"), "MIT License") && !p.fresh() {
		id.license = "mit"
	}
	return id
}

// fresh says whether nobody has made the clone theirs yet.
func (p *project) fresh() bool { return len(p.names(templateOnly...)) > 0 }

// settle completes what was told: at a terminal by asking, otherwise by what is there already or, in a fresh clone, a default.
func (c *call) settle(ctx context.Context, p *project, now identity, w *wishes, f faults) error {
	a := &asker{bufio.NewScanner(c.in), c.out}
	for _, q := range questions(ctx, c.root, p, now, w) {
		switch {
		case *q.value != "":
			if err := q.check(*q.value); err != nil {
				f.add("--%s: %v.", q.flag, err)
			}
		case c.terminal && !w.yes && f.err() == nil:
			answer, err := a.ask(q.words, q.byDefault(), q.check)
			if err != nil {
				return err
			}
			*q.value = answer
		case q.required:
			f.add("--%s is missing: %s.", q.flag, strings.ToLower(q.words[:1])+q.words[1:])
		default:
			*q.value = q.byDefault()
		}
	}
	return slices.Concat(p.faults, f).err()
}

// question is one value that init needs.
type question struct {
	flag, words string
	value       *string
	byDefault   func() string
	required    bool // there is no default without somebody who sees it
	check       func(string) error
}

func questions(ctx context.Context, root string, p *project, now identity, w *wishes) []question {
	fresh := p.fresh()
	is := func(s string) func() string { return func() string { return s } }
	module := now.module
	if fresh {
		module = "" // the template's is nobody's
	}
	features := cmp.Or(strings.Join(p.optionalWords(), ", "), "none")
	return []question{
		{"module", "Go module path, such as example.org/acme/shop", &w.module, is(module), fresh, checkModule},
		{"name", "Name, as people will read it", &w.name, func() string { return nameFrom(w.identity, now, fresh) }, fresh && !w.yes, checkName},
		{"accent", "Accent color", &w.accent, is(now.accent), false, checkAccent},
		{"holder", "Who holds the copyright", &w.holder, func() string { return cmp.Or(now.holder, gitUser(ctx, root), w.name) }, false, checkHolder},
		{"license", "License, mit or proprietary", &w.license, is(now.license), false, checkLicense},
		{"drop", "Features to leave out, of " + features, &w.drop, is(""), false, p.checkFeatures},
	}
}

func featureList(dropped string) []string {
	return strings.FieldsFunc(dropped, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
}

// nameFrom makes a name from the module path, "Acme shop" of example.org/x/acme-shop; only a fresh clone needs one.
func nameFrom(told, now identity, fresh bool) string {
	if !fresh || told.module == now.module {
		return now.name
	}
	n, err := parseName(strings.ReplaceAll(told.binary(), ".", " "))
	if err != nil {
		return told.binary()
	}
	return n.Label()
}

func gitUser(ctx context.Context, root string) string {
	user, err := git(ctx, root, "config", "user.name")
	if err != nil {
		return ""
	}
	return user
}

func checkModule(module string) error {
	elements := strings.Split(module, "/")
	for _, element := range elements {
		if !moduleElement.MatchString(element) {
			return fmt.Errorf("%q is no module path; it is like example.org/acme/shop", module)
		}
	}
	if isStandard(elements[0]) {
		return fmt.Errorf("%q begins like the standard library's packages; begin with a name of your own, as in example.org/acme/shop", module)
	}
	last := elements[len(elements)-1]
	if majorVersion.MatchString(last) && (last == "v0" || last == "v1" || len(elements) == 1) {
		return fmt.Errorf("%q ends in a version that module paths don't carry", module)
	}
	return nil
}

// isStandard says whether the standard library has a package, or a folder of them, of that name. It asks the go command: a program built with
// -trimpath, as GOFLAGS may say, does not know where the library is.
func isStandard(name string) bool {
	found, err := exec.Command("go", "list", "-e", "-f", "{{.Standard}}", name, name+"/...").Output()
	return err == nil && strings.Contains(string(found), "true")
}

// checkName holds a name to what a setting, a struct tag, a mail's sender and a line of a file can carry.
func checkName(name string) error {
	switch {
	case len(name) > 60:
		return errors.New("60 bytes are the most for a name")
	case !utf8.ValidString(name) || strings.ContainsAny(name, "\"`\\<>{}") || strings.ContainsFunc(name, unicode.IsControl):
		return errors.New("a name holds no quotation marks, \\, <, >, { or }")
	case !strings.ContainsFunc(name, unicode.IsLetter):
		return errors.New("a name holds a letter")
	}
	// It stands before the sender's address in settings, where it would need quotation marks.
	if sender, err := mail.ParseAddress(name + " <hello@example.com>"); err != nil || sender.Name != name {
		return errors.New("a name holds no comma, colon, semicolon, @ or bracket, and single spaces")
	}
	return nil
}

func checkAccent(accent string) error {
	_, err := parseColor(accent)
	return err
}

func checkHolder(holder string) error {
	if strings.ContainsFunc(holder, unicode.IsControl) {
		return errors.New("a holder is one line")
	}
	return nil
}

func checkLicense(license string) error {
	if license != "mit" && license != "proprietary" {
		return fmt.Errorf("%q is not known; it is mit or proprietary", license)
	}
	return nil
}

func (p *project) checkFeatures(dropped string) error {
	for _, word := range featureList(dropped) {
		if err := p.knownFeature(word); err != nil {
			return err
		}
	}
	return nil
}

// become makes the clone the product, and returns what the person should know of it.
func (p *project) become(now, want identity, today time.Time) (notes []string) {
	fresh := p.fresh()
	p.move(now.module, want.module)
	if fresh {
		p.firstTime(now, want)
	}
	p.licensed(now, want, today)
	notes = p.rename(now, want)
	if now.accent != want.accent {
		notes = append(notes, p.paint(want)...)
	}
	return notes
}

// firstTime replaces what speaks of the template.
func (p *project) firstTime(now, want identity) {
	for _, name := range p.names(templateOnly...) {
		p.remove(name)
	}
	for name, f := range p.files {
		if !ours(name) && text(f.content) {
			p.write(name, withoutLines(f.content, templateLine.MatchString))
		}
	}
	p.write("README.md", readme(p.read("README.md"), want.name))
	data := map[string]any{"Module": p.module, "App": want.name}
	p.remove("views/home.templ")
	p.fill("init/home.templ", "views/home.templ", data)
	p.remove("CHANGELOG.md")
	p.fill("init/CHANGELOG.md", "CHANGELOG.md", data)
	upper := func(s string) string { return strings.ToUpper(strings.ReplaceAll(s, "-", "_")) }
	for name, f := range p.files {
		if text(f.content) && name != "LICENSE" {
			f.content = replaceWord(f.content, now.name, want.name)
			f.content = replaceWord(f.content, now.binary(), want.binary())
			p.files[name] = file{replaceWord(f.content, upper(now.binary()), upper(want.binary())), f.mode}
		}
	}
}

// readme keeps the sections of the template's that say how to run, test and change the program.
func readme(old, name string) string {
	head := "# " + name + "\n\nWhat it is, and for whom, goes here.\n\n"
	rest := "## More\n\n[docs/](docs/) tells how the parts work and why they are as they are, [AGENTS.md](AGENTS.md) is the half page for whoever, or\n" +
		"whatever, changes the code, and [CHANGELOG.md](CHANGELOG.md) is for those who use it. [License](LICENSE).\n"
	starts := readmeSections.FindAllStringIndex(old, -1)
	for i, at := range starts {
		section := old[at[0]:]
		if i+1 < len(starts) {
			section = old[at[0]:starts[i+1][0]]
		}
		if !strings.HasPrefix(section, "## Make it yours") && !strings.HasPrefix(section, "## More") {
			head += section
		}
	}
	return strings.TrimRight(head, "\n") + "\n\n" + rest
}

// licensed puts the holder's line above those that are there. The template's own line stays, as its license asks.
func (p *project) licensed(now, want identity, today time.Time) {
	old := p.read("LICENSE")
	holders := copyrightLine.FindAllStringSubmatch(old, -1)
	mit := strings.Index(old, "Permission is hereby granted")
	if len(holders) == 0 || mit < 0 {
		return // a license of the product's own
	}
	year := strconv.Itoa(today.Year())
	if now.holder != "" {
		if now.holder == want.holder && now.license == want.license {
			return
		}
		year, holders = holders[0][1], holders[1:]
	}
	ours, theirs := "Copyright (c) "+year+" "+want.holder+"\n", ""
	for _, holder := range holders {
		theirs += holder[0] + "\n"
	}
	head := "MIT License\n\n" + ours + theirs
	if want.license == "proprietary" {
		head = ours + "All rights reserved.\n\nWhat it was made from comes under this license:\n\nMIT License\n\n" + theirs
	}
	p.write("LICENSE", head+"\n"+old[mit:])
}

// move changes the module path in every file.
func (p *project) move(old, new string) {
	if old == new {
		return
	}
	for name, f := range p.files {
		if text(f.content) {
			p.files[name] = file{replaceModule(name, f.content, old, new), f.mode}
		}
	}
	for _, name := range p.names("go.mod", "*/go.mod") {
		p.write(name, sortRequirements(p.read(name)))
	}
	p.module = new
}

// rename changes the names where settings, pages, documents and deployments take them from.
func (p *project) rename(now, want identity) (notes []string) {
	p.write("config/config.go", nameDefault.ReplaceAllLiteralString(p.read("config/config.go"), `env:"APP_NAME" envDefault:"`+want.name+`"`))
	for _, name := range append(p.names("*.md", "docs/*.md", "deploy/*", ".env.example"), "views/home.templ") {
		p.write(name, replaceWord(p.read(name), now.name, want.name))
	}
	old, binary := now.binary(), want.binary()
	for _, name := range p.names("*", "docs/*", ".ci/*", ".github/workflows/*") {
		if text(p.read(name)) && path.Ext(name) != ".go" {
			p.write(name, strings.ReplaceAll(replaceWord(p.read(name), "bin/"+old, "bin/"+binary), "\n/"+old+"\n", "\n/"+binary+"\n"))
		}
	}
	if old != binary && slices.Contains(deployWords, old) {
		return []string{fmt.Sprintf("%q means other things too in deploy/ and docs/deploying.md: look there yourself for what should be %q now.", old, binary)}
	}
	for _, name := range p.names("deploy/*", "docs/deploying.md") {
		p.write(name, replaceWord(p.read(name), old, binary))
	}
	return nil
}

// deployWords are names of programs that deployments use for something else as well.
var deployWords = strings.Fields("app apps backup bin build caddy data deploy docker env etc exec fly main migrate nginx opt root run server service site sqlite sudo system systemd user var volume web www")

// text says whether a file's content is words: replacing in a picture breaks it.
func text(content string) bool { return utf8.ValidString(content) && !strings.ContainsRune(content, 0) }

// replaceWord replaces old where it stands alone, not as part of a longer word.
func replaceWord(s, old, new string) string {
	part := func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return replaceWhere(s, old, new, func(before, after rune) bool { return !part(before) && !part(after) })
}

// replaceModule replaces a module path. One with a domain, as in example.org/acme/shop, is itself wherever it stands alone; that a
// plain word such as shop means the module is known only at the beginning of an import and in go.mod.
func replaceModule(name, s, old, new string) string {
	if path.Base(name) == "go.mod" {
		s = regexp.MustCompile(`(?m)(^module |^replace |^\s+|^require )`+regexp.QuoteMeta(old)+`(/| |$)`).ReplaceAllString(s, "${1}"+strings.ReplaceAll(new, "$", "$$")+"${2}")
	}
	if domain, rest, _ := strings.Cut(old, "/"); rest == "" || !strings.Contains(domain, ".") {
		return strings.ReplaceAll(s, `"`+old+"/", `"`+new+"/")
	}
	part := func(r rune) bool { return strings.ContainsRune("_-~", r) || unicode.IsLetter(r) || unicode.IsDigit(r) }
	return replaceWhere(s, old, new, func(before, after rune) bool {
		return !part(before) && !strings.ContainsRune(".@/", before) && !part(after)
	})
}

// replaceWhere replaces old where what stands before and after it, 0 at an end, allows that.
func replaceWhere(s, old, new string, alone func(before, after rune) bool) string {
	var b strings.Builder
	for from := 0; ; {
		at := strings.Index(s[from:], old)
		if old == "" || old == new || at < 0 {
			b.WriteString(s[from:])
			return b.String()
		}
		at += from
		before, _ := utf8.DecodeLastRuneInString(s[:at])
		after, _ := utf8.DecodeRuneInString(s[at+len(old):])
		b.WriteString(s[from:at])
		if alone(ending(before), ending(after)) {
			b.WriteString(new)
		} else {
			b.WriteString(old)
		}
		from = at + len(old)
	}
}

// ending makes what utf8 says at the end of a string a rune that is part of no word.
func ending(r rune) rune {
	if r == utf8.RuneError {
		return 0
	}
	return r
}

// sortRequirements orders the lines in parentheses as `go mod tidy` does, after one of them got another name.
func sortRequirements(gomod string) string {
	lines := strings.Split(gomod, "\n")
	for start := 0; start < len(lines); start++ {
		if lines[start] != "require (" {
			continue
		}
		if length := slices.Index(lines[start:], ")"); length > 0 {
			slices.Sort(lines[start+1 : start+length])
		}
	}
	return strings.Join(lines, "\n")
}

// paint gives pages, mail and icons the accent.
func (p *project) paint(want identity) (notes []string) {
	brand, err := parseColor(want.accent)
	if err != nil {
		p.faults.add("--accent: %v.", err)
		return nil
	}
	accent, darkened := brand.legible()
	if darkened {
		notes = append(notes, fmt.Sprintf("White on %s would be hard to read: mail and icons use %s. Pages derive legible tones from it by themselves.", want.accent, accent))
	}
	p.substitute("assets/tokens.css", brandToken, func(m []string) string { return m[1] + want.accent + ";" })
	p.substitute("views/layout/layout.templ", themeColor, func(m []string) string { return m[1] + tinted(m[2], brand) + `"` })
	p.substitute("mail/messages.templ", mailAccent, func(m []string) string { return m[1] + accent + `"` })
	p.substitute("mail/messages.templ", mailColor, func(m []string) string { return m[1] + tinted(m[2], brand) + `"` })
	return append(notes, p.paintIcons(accent)...)
}

// substitute replaces every match, and complains where there is none: then the file is not as this program knows it.
func (p *project) substitute(name string, pattern *regexp.Regexp, by func(match []string) string) {
	content := p.read(name)
	if !pattern.MatchString(content) {
		p.faults.add("%s has nothing like %s to put the color into.", name, pattern)
		return
	}
	p.write(name, pattern.ReplaceAllStringFunc(content, func(m string) string { return by(pattern.FindStringSubmatch(m)) }))
}

// paintIcons repaints the icons, unless they have been replaced by others.
func (p *project) paintIcons(accent string) (notes []string) {
	svg := p.read("assets/favicon.svg")
	old := iconColors.FindStringSubmatch(svg)
	if old == nil {
		return []string{"assets/favicon.svg is not the icon that this program knows: the icons are as they were."}
	}
	r := repaint{}
	for i, hex := range []string{old[1], old[2], accent, "#ffffff"} {
		c := fromRGB(parseHex(hex)).rgba()
		if i < 2 {
			r.from[i] = c
		} else {
			r.to[i-2] = c
		}
	}
	p.write("assets/favicon.svg", strings.Replace(strings.Replace(svg, old[2], "#ffffff", 1), old[1], accent, 1))
	for name, paint := range map[string]func(string) (string, error){"assets/favicon.ico": r.ico, "assets/apple-touch-icon.png": r.png} {
		painted, err := paint(p.read(name))
		if err != nil {
			notes = append(notes, fmt.Sprintf("%s is as it was: %v.", name, err))
			continue
		}
		p.write(name, painted)
	}
	return notes
}

// tellBegun says what has become of the clone.
func (c *call) tellBegun(p *project, id identity, notes []string) error {
	if !p.changes() {
		_, err := fmt.Fprintf(c.out, "%s is %s already: nothing was changed.\n", filepath.Base(absolute(c.root)), id.name)
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s, module %s: %d files written, %d removed. It builds.\n", id.name, id.module, len(p.written()), len(p.removed()))
	for _, note := range notes {
		fmt.Fprintf(&b, "%s\n", note)
	}
	fmt.Fprintf(&b, "\nNext: go test ./..., then sh tools/dev.sh. README.md, CHANGELOG.md and views/home.templ wait for your words.\n")
	_, err := fmt.Fprint(c.out, b.String())
	return err
}

func absolute(root string) string {
	full, err := filepath.Abs(root)
	if err != nil {
		return root
	}
	return full
}
