//go:build ignore

// Writes preferences_zones.txt from the folder of the time zone database's
// source, https://data.iana.org/time-zones/: a line for each zone of zone.tab,
// with the names that it had before behind it.
package main

import (
	"cmp"
	"log"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: go run preferences_zones_generate.go tzdb preferences_zones.txt")
	}
	former := map[string][]string{"UTC": {"GMT"}}
	for line := range strings.Lines(read("zone.tab")) {
		if columns := strings.Split(strings.TrimSpace(line), "\t"); !strings.HasPrefix(line, "#") && len(columns) > 2 {
			former[columns[2]] = nil
		}
	}
	links := links()
	for name := range links {
		if _, listed := former[name]; listed {
			continue
		}
		zone := name
		for listed := false; !listed; _, listed = former[zone] {
			if zone = links[zone]; zone == "" {
				log.Fatalf("%s leads to no zone of zone.tab", name)
			}
		}
		former[zone] = append(former[zone], name)
	}
	var lines []string
	for zone, names := range former {
		slices.Sort(names)
		lines = append(lines, strings.Join(append([]string{zone}, names...), " ")+"\n")
	}
	slices.SortFunc(lines, func(a, b string) int {
		return cmp.Or(strings.Compare(first(a), first(b)), strings.Compare(a, b))
	})
	if err := os.WriteFile(os.Args[2], []byte(strings.Join(lines, "")), 0o644); err != nil {
		log.Fatal(err)
	}
}

// first puts UTC before all others.
func first(line string) string {
	zone := strings.Fields(line)[0]
	if zone == "UTC" {
		return ""
	}
	return zone
}

// links returns the zone that each former name leads to. The file backward names
// another country's zone for some of them, since both had the same time since
// 1970; a comment or the file backzone then has the name's own.
func links() map[string]string {
	links := map[string]string{"Etc/GMT": "UTC", "Etc/UTC": "UTC"}
	for line := range strings.Lines(read("backward")) {
		if f := strings.Fields(line); len(f) > 2 && f[0] == "Link" {
			links[f[2]] = f[1]
			if len(f) > 4 && f[3] == "#=" {
				links[f[2]] = f[4]
			}
		}
	}
	for line := range strings.Lines(read("backzone")) {
		if f := strings.Fields(strings.TrimPrefix(line, "#PACKRATLIST zone.tab ")); len(f) > 2 && f[0] == "Link" {
			links[f[2]] = f[1]
		}
	}
	return links
}

func read(name string) string {
	content, err := os.ReadFile(filepath.Join(os.Args[1], name))
	if err != nil {
		log.Fatal(err)
	}
	return string(content)
}
