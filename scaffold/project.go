package main

import (
	"context"
	"errors"
	"fmt"
	"go/format"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/a-h/templ/parser/v2"
)

// project is a clone: its files as they were read, and as they shall be. Nothing is written before save, and save writes all or
// nothing.
type project struct {
	root   string
	module string // the path in go.mod
	before map[string]file
	files  map[string]file // by their path below root, with slashes
	faults faults
	notes  []string // what a person has to add by hand
}

type file struct {
	content string
	mode    fs.FileMode
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+(\S+)`)

// open reads the clone at root, without what .gitignore names.
func open(root string) (*project, error) {
	files, err := readFiles(root)
	if err != nil {
		return nil, fmt.Errorf("reading the clone: %w", err)
	}
	p := &project{root: root, before: files, files: maps.Clone(files)}
	module := moduleLine.FindStringSubmatch(p.read("go.mod"))
	if _, ok := files["handlers/routes.go"]; !ok || module == nil {
		return nil, faults{"This is not the root of a clone: there is no go.mod with a handlers/routes.go beside it."}
	}
	p.module = module[1]
	return p, nil
}

func readFiles(root string) (map[string]file, error) {
	ignored, err := readIgnored(filepath.Join(root, ".gitignore"))
	if err != nil {
		return nil, err
	}
	files := map[string]file{}
	err = filepath.WalkDir(root, func(full string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, full)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		switch {
		case entry.Name() == ".git" || ignored(name):
			if entry.IsDir() {
				return fs.SkipDir
			}
			return nil
		case !entry.Type().IsRegular():
			return nil
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		content, err := os.ReadFile(full)
		files[name] = file{withoutCR(string(content)), info.Mode().Perm()}
		return err
	})
	return files, err
}

// withoutCR returns a text with lines that end in \n, as the patterns here expect
// them. Git for Windows may have ended them in \r\n. Pictures and compressed files
// are no text, and stay as they are.
func withoutCR(content string) string {
	if strings.ContainsRune(content, 0) || !utf8.ValidString(content) {
		return content
	}
	return strings.ReplaceAll(content, "\r\n", "\n")
}

// readIgnored understands the lines that this clone's .gitignore is made of: "/path/" from the root, and "name" anywhere.
func readIgnored(list string) (func(name string) bool, error) {
	content, err := os.ReadFile(list)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	anchored, anywhere := map[string]bool{}, map[string]bool{}
	for line := range strings.Lines(string(content)) {
		line = strings.TrimSuffix(strings.TrimSpace(line), "/")
		if rooted, ok := strings.CutPrefix(line, "/"); ok {
			anchored[rooted] = true
		} else if line != "" {
			anywhere[line] = true
		}
	}
	return func(name string) bool { return anchored[name] || anywhere[path.Base(name)] }, nil
}

func (p *project) has(name string) bool { _, ok := p.files[name]; return ok }

func (p *project) read(name string) string { return p.files[name].content }

// create adds a file, which must not be there yet.
func (p *project) create(name, content string) {
	if p.has(name) {
		p.faults.add("%s is there already.", name)
		return
	}
	p.files[name] = file{content, 0o644}
}

func (p *project) write(name, content string) {
	f, ok := p.files[name]
	if !ok {
		f.mode = 0o644
	}
	f.content = content
	p.files[name] = f
}

func (p *project) remove(name string) { delete(p.files, name) }

// edit changes a file by a function that says why it cannot.
func (p *project) edit(name string, change func(string) (string, error)) {
	content, err := change(p.read(name))
	if err != nil {
		p.faults.add("%s: %v", name, err)
		return
	}
	p.write(name, content)
}

// addByHand changes a file like edit. If the file is not as this program knows it,
// a note says what to add where.
func (p *project) addByHand(name, entry string, change func(string) (string, error)) {
	content, err := change(p.read(name))
	if err != nil {
		p.notes = append(p.notes, fmt.Sprintf("%s is as it was: %v. Add there: %s", name, err, entry))
		return
	}
	p.write(name, content)
}

// names are the files whose path matches one of the patterns of path.Match, sorted.
func (p *project) names(patterns ...string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.files)), func(name string) bool {
		return !slices.ContainsFunc(patterns, func(pattern string) bool { ok, _ := path.Match(pattern, name); return ok })
	})
}

// written and removed are the paths that save will write and remove, sorted.
func (p *project) written() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.files)), func(name string) bool {
		old, ok := p.before[name]
		return ok && old == p.files[name]
	})
}

func (p *project) removed() []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(p.before)), p.has)
}

func (p *project) changes() bool { return len(p.written())+len(p.removed()) > 0 }

// step is something that is done to the written files, and taken back with them where it fails.
type step []string

var (
	generate = step{"go", "tool", "templ", "generate", "-log-level", "error"}
	compress = step{"go", "run", "./assets/compress"}
	listing  = step{"go", "run", ".", "routes", "--write"} // routes.txt
)

// save formats and writes what was changed, makes what is made of it and runs the steps. Where anything fails, or ctx ends, every
// file is again as it was.
func (p *project) save(ctx context.Context, c *call, steps ...step) error {
	p.format()
	if err := p.faults.err(); err != nil {
		return err
	}
	err := p.writeAll()
	for _, s := range slices.Concat(p.makers(), steps) {
		if err == nil {
			err = c.tool(ctx, p.root, s...)
		}
	}
	if err == nil {
		return ctx.Err()
	}
	if restored := p.restore(); restored != nil {
		return errors.Join(err, fmt.Errorf("and the files could not all be put back: %w", restored))
	}
	return fmt.Errorf("%w\n\nEverything is again as it was", err)
}

func (p *project) format() {
	for _, name := range p.written() {
		formatted, err := formatFile(name, p.read(name))
		if err != nil {
			p.faults.add("%s would not compile: %v", name, err)
			continue
		}
		p.write(name, formatted)
	}
}

// formatFile returns what gofmt or templ fmt would make of the file.
func formatFile(name, content string) (string, error) {
	switch path.Ext(name) {
	case ".go":
		formatted, err := format.Source([]byte(content))
		return string(formatted), err
	case ".templ":
		parsed, err := parser.ParseString(content)
		if err != nil {
			return "", err
		}
		var formatted strings.Builder
		err = parsed.Write(&formatted)
		return formatted.String(), err
	}
	return content, nil
}

// makers are the steps that the changed files ask for.
func (p *project) makers() []step {
	var steps []step
	views, assets, routes := false, false, false
	for _, name := range slices.Concat(p.written(), p.removed()) {
		views = views || path.Ext(name) == ".templ"
		assets = assets || path.Dir(name) == "assets" && path.Ext(name) != ".go"
		routes = routes || name == "handlers/routes.go"
	}
	if views {
		steps = append(steps, generate)
	}
	if assets {
		steps = append(steps, compress)
	}
	if routes {
		steps = append(steps, listing)
	}
	return steps
}

func (p *project) writeAll() error {
	for _, name := range p.written() {
		if err := writeFile(p.root, name, p.files[name]); err != nil {
			return err
		}
	}
	for _, name := range p.removed() {
		if err := os.Remove(filepath.Join(p.root, filepath.FromSlash(name))); err != nil {
			return err
		}
	}
	removeEmpty(p.root, p.removed())
	return nil
}

// writeFile replaces a file in one move: who reads it meanwhile sees the old or the new one whole.
func writeFile(root, name string, f file) error {
	full := filepath.Join(root, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return err
	}
	part, err := os.CreateTemp(filepath.Dir(full), ".scaffold-*")
	if err != nil {
		return err
	}
	_, err = part.WriteString(f.content)
	err = errors.Join(err, part.Chmod(f.mode), part.Close())
	if err == nil {
		err = os.Rename(part.Name(), full)
	}
	if err != nil {
		return errors.Join(err, os.Remove(part.Name()))
	}
	return nil
}

// removeEmpty removes the folders that the removed files leave empty; os.Remove refuses the others.
func removeEmpty(root string, removed []string) {
	for _, name := range removed {
		for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
			if os.Remove(filepath.Join(root, filepath.FromSlash(dir))) != nil {
				break
			}
		}
	}
}

// restore puts every file back that was changed, by save or by its steps, and removes what they added.
func (p *project) restore() error {
	now, err := readFiles(p.root)
	if err != nil {
		return err
	}
	for name, old := range p.before {
		if now[name] != old {
			err = errors.Join(err, writeFile(p.root, name, old))
		}
	}
	var added []string
	for name := range now {
		_, old := p.before[name]
		made := p.has(name) || strings.HasSuffix(name, "_templ.go") || path.Dir(name) == "assets/compressed"
		if !old && made {
			added = append(added, name)
			err = errors.Join(err, os.Remove(filepath.Join(p.root, filepath.FromSlash(name))))
		}
	}
	removeEmpty(p.root, added)
	return err
}
