//go:build !dev

package assets

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/andybalholm/brotli"
)

// ask sends a request to Handler. headers are pairs of name and value.
func ask(t *testing.T, method, address string, headers ...string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, "http://app.test/", nil)
	r.URL.Path = address
	for i := 0; i < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r *http.Response) []byte {
	t.Helper()
	data, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Git for Windows ends lines in \r\n.
func TestAssets_IgnoreLineEndings(t *testing.T) {
	windows := fstest.MapFS{}
	for name, f := range all.byName {
		content := f.content
		if compressible(path.Ext(name)) {
			content = bytes.ReplaceAll(content, []byte("\n"), []byte("\r\n"))
			windows["compressed/"+f.hash+".br"], windows["compressed/"+f.hash+".gz"] = &fstest.MapFile{Data: f.brotli},
				&fstest.MapFile{Data: f.gzip}
		}
		windows[name] = &fstest.MapFile{Data: content}
	}
	for _, name := range styles {
		windows[name] = &fstest.MapFile{}
	}
	windows[styles[0]] = &fstest.MapFile{Data: bytes.ReplaceAll(all.byName["app.css"].content, []byte("\n"),
		[]byte("\r\n"))}
	got, err := load(windows)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range all.byName {
		if f := got.byName[name]; f.address != want.address || compressible(path.Ext(name)) &&
			(f.brotli == nil || f.gzip == nil) {
			t.Errorf("%s is at %s with %d bytes of brotli, want %s with %d", name, f.address, len(f.brotli),
				want.address, len(want.brotli))
		}
	}
}

func TestHandler_ServesEachAssetWithItsType(t *testing.T) {
	for name, mediaType := range map[string]string{
		"app.css":              "text/css; charset=utf-8",
		"app.js":               "text/javascript; charset=utf-8",
		"favicon.svg":          "image/svg+xml; charset=utf-8",
		"favicon.ico":          "image/x-icon",
		"apple-touch-icon.png": "image/png",
	} {
		r := ask(t, "GET", Path(name))
		if r.StatusCode != 200 || r.Header.Get("Content-Type") != mediaType {
			t.Errorf("%s: %d %q", name, r.StatusCode, r.Header.Get("Content-Type"))
		}
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff",
			"Cache-Control":          "public, max-age=31536000, immutable",
			"Vary":                   "Accept-Encoding",
			"Content-Encoding":       "",
		} {
			if got := r.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q, want %q", name, header, got, want)
			}
		}
		if !bytes.Equal(body(t, r), all.byName[name].content) {
			t.Errorf("%s: got another content than the file's", name)
		}
	}
}

func TestCompressed_MatchesTheAssets(t *testing.T) {
	for name, f := range all.byName {
		if !compressible(name[strings.LastIndexByte(name, '.'):]) {
			continue
		}
		if f.brotli == nil || f.gzip == nil {
			t.Errorf("%s has no compressed form of its present content: run go run ./assets/compress", name)
			continue
		}
		br, err := io.ReadAll(brotli.NewReader(bytes.NewReader(f.brotli)))
		if err != nil || !bytes.Equal(br, f.content) {
			t.Errorf("%s: the brotli form holds something else (%v): run go run ./assets/compress", name, err)
		}
		unzip, err := gzip.NewReader(bytes.NewReader(f.gzip))
		if err != nil {
			t.Errorf("%s: the gzip form cannot be read: %v", name, err)
			continue
		}
		if gz, err := io.ReadAll(unzip); err != nil || !bytes.Equal(gz, f.content) {
			t.Errorf("%s: the gzip form holds something else (%v): run go run ./assets/compress", name, err)
		}
	}
	entries, err := os.ReadDir("compressed")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		hash, _, _ := strings.Cut(entry.Name(), ".")
		if !strings.Contains(addresses(), hash) {
			t.Errorf("compressed/%s belongs to no asset: run go run ./assets/compress", entry.Name())
		}
	}
}

func addresses() string {
	var b strings.Builder
	for address := range all.byAddress {
		b.WriteString(address + " ")
	}
	return b.String()
}

func TestCompressed_OfAnOlderVersionIsNotServed(t *testing.T) {
	files := fstest.MapFS{}
	for _, name := range append(styles[:], others[:]...) {
		files[name] = &fstest.MapFile{Data: []byte("old " + name)}
	}
	old, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	files["compressed/"+old.byName["app.js"].hash+".br"] = &fstest.MapFile{Data: []byte("old, compressed")}
	if s, err := load(files); err != nil || s.byName["app.js"].brotli == nil {
		t.Fatalf("got no compressed form of the present version (%v)", err)
	}
	files["app.js"] = &fstest.MapFile{Data: []byte("new app.js")}
	s, err := load(files)
	if err != nil {
		t.Fatal(err)
	}
	r, w := httptest.NewRequest("GET", "/", nil), httptest.NewRecorder()
	r.Header.Set("Accept-Encoding", "br")
	serve(w, r, s.byName["app.js"])
	if w.Header().Get("Content-Encoding") != "" || w.Body.String() != "new app.js" {
		t.Errorf("got encoding %q and %q, want the new content", w.Header().Get("Content-Encoding"), w.Body)
	}
	if s.path("app.js") == old.path("app.js") {
		t.Error("got the same address for another content")
	}
}

func TestHandler_ChoosesTheBestEncoding(t *testing.T) {
	for accept, want := range map[string]string{
		"":                               "",
		"br":                             "br",
		"gzip":                           "gzip",
		"gzip, deflate, br, zstd":        "br",
		"GZIP":                           "gzip",
		"br;q=0, gzip":                   "gzip",
		"br; q=0.000, gzip;q=0":          "",
		"br;q=0.2, gzip;q=0.9":           "gzip",
		"br;q=0.5, gzip ; q=0.5":         "br",
		"*":                              "br",
		"*;q=0":                          "",
		"br;q=0, *":                      "gzip",
		"identity, br;q=0.5":             "",
		"identity;q=0.5, gzip":           "gzip",
		"br;q=x, gzip;q=2, zstd;q=-1":    "",
		"br;q=NaN":                       "",
		"deflate":                        "",
		"xbr, gzipped":                   "",
		"br;level=4":                     "",
		strings.Repeat("x,", 200) + "br": "br",
	} {
		r := ask(t, "GET", Path("app.css"), "Accept-Encoding", accept)
		if got := r.Header.Get("Content-Encoding"); got != want {
			t.Errorf("Accept-Encoding %q gets %q, want %q", accept, got, want)
		}
		if r.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("Accept-Encoding %q: no Vary", accept)
		}
	}
}

func TestHandler_AnswersHEADWithTheHeadersOfGET(t *testing.T) {
	get := ask(t, "GET", Path("app.css"), "Accept-Encoding", "br")
	head := ask(t, "HEAD", Path("app.css"), "Accept-Encoding", "br")
	for _, name := range []string{"Content-Length", "Content-Type", "Content-Encoding", "ETag", "Cache-Control"} {
		if get.Header.Get(name) == "" || get.Header.Get(name) != head.Header.Get(name) {
			t.Errorf("%s: GET %q, HEAD %q", name, get.Header.Get(name), head.Header.Get(name))
		}
	}
	if n := len(body(t, head)); n != 0 {
		t.Errorf("HEAD sent %d bytes", n)
	}
}

func TestHandler_AnswersIfNoneMatchWith304(t *testing.T) {
	etag := ask(t, "GET", Path("app.js"), "Accept-Encoding", "br").Header.Get("ETag")
	for _, have := range []string{etag, "W/" + etag, `"other", ` + etag, "*"} {
		r := ask(t, "GET", Path("app.js"), "Accept-Encoding", "br", "If-None-Match", have)
		if r.StatusCode != http.StatusNotModified || len(body(t, r)) != 0 || r.Header.Get("ETag") != etag {
			t.Errorf("If-None-Match %s: got %d, want 304 without a body", have, r.StatusCode)
		}
	}
	if r := ask(t, "GET", Path("app.js"), "Accept-Encoding", "gzip", "If-None-Match", etag); r.StatusCode != 200 {
		t.Errorf("the tag of another encoding: got %d, want 200", r.StatusCode)
	}
	if r := ask(t, "GET", Path("app.js"), "If-None-Match", `"other"`); r.StatusCode != 200 {
		t.Errorf("another tag: got %d, want 200", r.StatusCode)
	}
}

func TestHandler_ServesNothingElse(t *testing.T) {
	for _, address := range []string{
		"/assets/", "/assets", "/", "", "/assets/app.css", "/assets/app-0000000000000000.css", "/assets/tokens.css",
		"/assets/compressed/", "/assets/assets.go", "/assets/../go.mod", Path("app.css") + "/", Path("app.css") + ".br",
		strings.ToUpper(Path("app.css")),
	} {
		r := ask(t, "GET", address)
		if r.StatusCode != 404 || r.Header.Get("Cache-Control") != "no-store" ||
			r.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%q: got %d %v, want 404 that is not stored", address, r.StatusCode, r.Header)
		}
	}
}

func TestHandler_RefusesOtherMethods(t *testing.T) {
	for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "TRACE"} {
		r := ask(t, method, Path("app.css"))
		if r.StatusCode != http.StatusMethodNotAllowed || r.Header.Get("Allow") != "GET, HEAD" {
			t.Errorf("%s: got %d with Allow %q, want 405 with GET, HEAD", method, r.StatusCode, r.Header.Get("Allow"))
		}
	}
}

func TestPath_PanicsForAnUnknownName(t *testing.T) {
	defer func() {
		if told, _ := recover().(string); !strings.Contains(told, "no-such.css") {
			t.Errorf("got %q, want a panic that names the asset", told)
		}
	}()
	Path("no-such.css")
}

func TestStylesheet_LoadsNothing(t *testing.T) {
	for _, word := range []string{"url(", "@import", "http:", "https:"} {
		if bytes.Contains(all.byName["app.css"].content, []byte(word)) {
			t.Errorf("app.css holds %s; the policy allows no other origin, and addresses in it would not name their "+
				"content", word)
		}
	}
}

// A first visit may take 60 kB with its page; the assets may take half of that.
func TestAssets_StayUnder30kB(t *testing.T) {
	total := 0
	for _, name := range []string{"app.css", "app.js", "favicon.svg"} {
		total += len(all.byName[name].brotli)
	}
	if total == 0 || total > 30_000 {
		t.Errorf("got %d bytes, want 1 to 30000", total)
	}
}

func BenchmarkLoad(b *testing.B) {
	for b.Loop() {
		if _, err := load(embedded); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkServeStylesheet(b *testing.B) {
	r := httptest.NewRequest("GET", Path("app.css"), nil)
	r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	for b.Loop() {
		Handler().ServeHTTP(httptest.NewRecorder(), r)
	}
}
