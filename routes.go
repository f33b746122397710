package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/gatehouse/config"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/models"
)

// routes lists the site for people.
func routes(context.Context) error { return printRoutes("") }

// routesWith lists the lines that have a word.
func routesWith(context.Context) error { return printRoutes(os.Args[2]) }

// printRoutes lists the lines with a word, with a blank one wherever who may come changes.
func printRoutes(word string) error {
	list, general, err := readRoutes()
	if err != nil {
		return err
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "METHOD\tPATH\tGUARD\tHANDLER\tLIMITS")
	for _, r := range list {
		var limits []string
		if r.MaxBody != general {
			limits = append(limits, "body "+size(r.MaxBody))
		}
		for _, rule := range r.Limits {
			limits = append(limits, rule.String())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Method, r.Path, r.Guard, r.Handler, strings.Join(limits, "; "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	lines := strings.Split(strings.TrimSuffix(table.String(), "\n"), "\n")
	shown, guard := 0, ""
	fmt.Println(strings.TrimRight(lines[0], " "))
	for i, line := range lines[1:] {
		if !strings.Contains(strings.ToLower(line), strings.ToLower(word)) {
			continue
		}
		if list[i].Guard != guard && shown > 0 {
			fmt.Println()
		}
		fmt.Println(strings.TrimRight(line, " "))
		guard = list[i].Guard
		shown++
	}
	if shown == 0 {
		return fmt.Errorf("no line has %q", word)
	}
	fmt.Printf("\nWhere no body is named, its limit is %s. A visitor may send less to every route.\n", size(general))
	return nil
}

func size(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d kB", bytes>>10)
}

// route and limit are what "routes --json" writes. Scripts read them: names are added, never changed.
type route struct {
	Method  string  `json:"method"`
	Path    string  `json:"path"`
	Guard   string  `json:"guard"`
	Handler string  `json:"handler"`
	MaxBody int64   `json:"max_body"`
	Limits  []limit `json:"limits"`
}

type limit struct {
	Rule           string `json:"rule"`
	Free           int    `json:"free"`
	WindowSeconds  int    `json:"window_seconds"`
	Growing        bool   `json:"growing"`
	MaxWaitSeconds int    `json:"max_wait_seconds"`
	ClosedAt       int    `json:"closed_at"`
}

// routesJSON lists the site for machines.
func routesJSON(context.Context) error {
	list, _, err := readRoutes()
	if err != nil {
		return err
	}
	all := []route{}
	for _, r := range list {
		limits := []limit{}
		for _, rule := range r.Limits {
			limits = append(limits, newLimit(rule))
		}
		all = append(all, route{r.Method, r.Path, r.Guard, r.Handler, r.MaxBody, limits})
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

func newLimit(r models.LimitRule) limit {
	return limit{r.Name, r.Free, int(r.Window.Seconds()), r.Growing, int(r.MaxWait.Seconds()), r.Last}
}

// readRoutes needs the settings alone: the map can be read where there is no database.
func readRoutes() (list []handlers.Route, maxBody int64, err error) {
	c, err := config.Load(os.Environ())
	if err != nil {
		return nil, 0, err
	}
	_, list = handlers.New(c, nil, nil, nil, newLog(c), time.Now).Router()
	return list, handlers.MaxBody, nil
}
