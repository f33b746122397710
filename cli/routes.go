package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"example.com/gatehouse/app"
	"example.com/gatehouse/handlers"
	"example.com/gatehouse/models"
)

// routes lists the routes for people.
func routes(_ context.Context, call *app.Call) error {
	list, err := readRoutes(call)
	if err != nil {
		return err
	}
	return printRoutes(call.Out, list, strings.Join(call.Args, " "))
}

// readRoutes needs nothing but the settings, so it works without a database.
func readRoutes(call *app.Call) ([]handlers.Route, error) {
	c, err := call.Config()
	if err != nil {
		return nil, err
	}
	_, list := handlers.New(c, nil, nil, nil, call.Log(c), time.Now).Router()
	return list, nil
}

// printRoutes writes the lines that contain the word, with a blank line wherever
// the guard changes.
func printRoutes(out io.Writer, list []handlers.Route, word string) error {
	lines := strings.Split(strings.TrimSuffix(routeTable(list), "\n"), "\n")
	shown, guard := 0, ""
	fmt.Fprintln(out, strings.TrimRight(lines[0], " "))
	for i, line := range lines[1:] {
		if !strings.Contains(strings.ToLower(line), strings.ToLower(word)) {
			continue
		}
		if list[i].Guard != guard && shown > 0 {
			fmt.Fprintln(out)
		}
		fmt.Fprintln(out, strings.TrimRight(line, " "))
		guard = list[i].Guard
		shown++
	}
	if shown == 0 {
		return fmt.Errorf("no line contains %q", word)
	}
	_, err := fmt.Fprintf(out, "\nRoutes without a body limit take %s. A visitor may send less to every route.\n", size(handlers.MaxBody))
	return err
}

// routeTable returns a heading and a line for each route.
func routeTable(list []handlers.Route) string {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "METHOD\tPATH\tGUARD\tHANDLER\tLIMITS")
	for _, r := range list {
		var limits []string
		if r.MaxBody != handlers.MaxBody {
			limits = append(limits, "body "+size(r.MaxBody))
		}
		for _, rule := range r.Limits {
			limits = append(limits, rule.String())
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", r.Method, r.Path, r.Guard, r.Handler, strings.Join(limits, "; "))
	}
	w.Flush() // a bytes.Buffer has no errors
	return table.String()
}

func size(bytes int64) string {
	if bytes%(1<<20) == 0 {
		return fmt.Sprintf("%d MB", bytes>>20)
	}
	return fmt.Sprintf("%d kB", bytes>>10)
}

// route and limit are what "routes --json" writes. Scripts read them: names may
// be added, but never changed.
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

// routesJSON lists the routes for machines.
func routesJSON(_ context.Context, call *app.Call) error {
	list, err := readRoutes(call)
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
	encoder := json.NewEncoder(call.Out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}

func newLimit(r models.LimitRule) limit {
	return limit{r.Name, r.Free, int(r.Window.Seconds()), r.Growing, int(r.MaxWait.Seconds()), r.Last}
}
