package web

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"mime"
	"mime/multipart"
	"net/http"
	"reflect"
	"strings"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
)

// Bind reads the posted form into form, a pointer to a struct of strings, bools
// and *multipart.FileHeaders with `form:"name"` tags. A file that was not chosen
// stays nil. Numbers and dates are strings that the rules read, so that what was
// typed can be shown again as it was.
//
// Bind reads the body alone, since a password in an address is a password in a
// log (ASVS 14.2.1). A field that is sent twice is 400: two parts of the program
// could read different values (ASVS 15.3.7).
func Bind(c echo.Context, form any) error {
	r := c.Request()
	if err := parseForm(r); err != nil {
		return err
	}
	into := reflect.ValueOf(form).Elem()
	for _, field := range reflect.VisibleFields(into.Type()) {
		name, isInput := field.Tag.Lookup("form")
		if !isInput {
			continue // it is the program's own, also for whoever sends a field without a name
		}
		if err := bindField(r, name, into.FieldByIndex(field.Index)); err != nil {
			return err
		}
	}
	return nil
}

func bindField(r *http.Request, name string, into reflect.Value) error {
	if into.Type() == reflect.TypeFor[*multipart.FileHeader]() {
		return bindFile(r, name, into)
	}
	values := r.PostForm[name]
	if len(values) == 0 {
		return nil
	}
	// PostgreSQL has no room for NUL in text, and nobody types it.
	if len(values) > 1 || !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0) {
		return echo.ErrBadRequest
	}
	if into.Kind() == reflect.Bool {
		into.SetBool(IsTicked(values[0]))
	} else {
		into.SetString(values[0])
	}
	return nil
}

// Invalid answers a form that the domain call refused. For an auth.Invalid, show
// renders the form's page again with status 422, the problems and what was
// typed. Invalid returns any other error.
func Invalid(err error, show func(status int, problems auth.Invalid) error) error {
	if problems, ok := errors.AsType[auth.Invalid](err); ok {
		return show(http.StatusUnprocessableEntity, problems)
	}
	return err
}

// requireForm answers a body that is no form with 415, also for handlers that
// read nothing of it: a script of another site must not send one as text/plain.
func requireForm(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		if err := parseForm(c.Request()); err != nil {
			return err
		}
		return next(c)
	}
}

// IsTicked reports whether a checkbox was sent with this value.
func IsTicked(value string) bool { return value != "" && value != "false" && value != "0" }

func bindFile(r *http.Request, name string, into reflect.Value) error {
	if r.MultipartForm == nil {
		return nil
	}
	files := r.MultipartForm.File[name]
	if len(files) > 1 {
		return echo.ErrBadRequest
	}
	if len(files) == 1 {
		into.Set(reflect.ValueOf(files[0]))
	}
	return nil
}

// parseForm reads the body. One that was too large stays known as that inside the error, and is answered so.
func parseForm(r *http.Request) error {
	switch media, _, _ := mime.ParseMediaType(r.Header.Get(echo.HeaderContentType)); media {
	case echo.MIMEApplicationForm:
		if err := r.ParseForm(); err != nil {
			return echo.ErrBadRequest.WithInternal(err)
		}
	case echo.MIMEMultipartForm:
		return parseMultipart(r)
	case "":
		if r.ContentLength != 0 {
			return echo.ErrUnsupportedMediaType
		}
	default:
		return echo.ErrUnsupportedMediaType
	}
	return nil
}

// fieldRoom is how much more memory net/http lets the fields of a multipart form take than the caller names.
const fieldRoom = 10 << 20

// parseMultipart reads a form with at most MaxBody bytes in memory, whether they come as fields or as files. Files of larger forms wait on
// disk, and are removed with the request.
func parseMultipart(r *http.Request) error {
	memory := int64(MaxBody)
	if r.ContentLength < 0 || r.ContentLength > MaxBody {
		memory -= fieldRoom // which leaves MaxBody to the fields, and nothing to files
	}
	err := r.ParseMultipartForm(memory)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, multipart.ErrMessageTooLarge):
		return &http.MaxBytesError{Limit: MaxBody}
	case isDisk(err):
		return fmt.Errorf("%w: %w", errNoDisk, err)
	}
	return echo.ErrBadRequest.WithInternal(err)
}

// errNoDisk says that an upload cannot wait on disk.
var errNoDisk = errors.New("the temporary folder cannot be written to")

func isDisk(err error) bool {
	_, is := errors.AsType[*fs.PathError](err)
	return is
}

func isTooLarge(err error) bool {
	_, is := errors.AsType[*http.MaxBytesError](err)
	return is
}

// overflows reports whether the body is larger than limit. It reads the body only if its length was not announced, and keeps nothing of it.
func overflows(c echo.Context, limit int64) bool {
	r := c.Request()
	if r.ContentLength >= 0 {
		return r.ContentLength > limit
	}
	_, err := io.Copy(io.Discard, http.MaxBytesReader(c.Response(), r.Body, limit))
	return isTooLarge(err)
}
