package mailtest

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"strings"
)

// Message is a mail as its reader's program understands it.
type Message struct {
	From       string   // of the envelope
	Recipients []string // of the envelope
	TLS        bool     // the connection was encrypted
	To         string   // of the header, as is Subject
	Subject    string
	MessageID  string
	Header     mail.Header
	HTML       string
	Text       string
	Link       string // the one link that HTML and Text carry
	Raw        []byte

	err error
}

// parse keeps the error for Next to report, where there is a test to fail.
func parse(from string, recipients []string, encrypted bool, raw []byte) Message {
	m := Message{From: from, Recipients: recipients, TLS: encrypted, Raw: raw}
	m.err = m.read()
	return m
}

func (m *Message) read() error {
	parsed, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return err
	}
	m.Header = parsed.Header
	m.MessageID = parsed.Header.Get("Message-ID")
	to, err := mail.ParseAddress(parsed.Header.Get("To"))
	if err != nil {
		return fmt.Errorf("reading To: %w", err)
	}
	m.To = to.Address
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return fmt.Errorf("reading Subject: %w", err)
	}
	if err := m.readParts(parsed); err != nil {
		return err
	}
	return m.findLink()
}

func (m *Message) readParts(parsed *mail.Message) error {
	mediaType, params, err := mime.ParseMediaType(parsed.Header.Get("Content-Type"))
	if err != nil || mediaType != "multipart/alternative" {
		return fmt.Errorf("the type is %q, not multipart/alternative", mediaType)
	}
	parts := multipart.NewReader(parsed.Body, params["boundary"])
	for {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("reading a part: %w", err)
		}
		if encoding := part.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
			return fmt.Errorf("a part is encoded as %q", encoding)
		}
		content, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			return fmt.Errorf("reading a part: %w", err)
		}
		body := strings.ReplaceAll(string(content), "\r\n", "\n")
		switch kind, _, _ := mime.ParseMediaType(part.Header.Get("Content-Type")); kind {
		case "text/plain":
			m.Text = body
		case "text/html":
			m.HTML = body
		default:
			return fmt.Errorf("a part is of the type %q", kind)
		}
	}
	return nil
}

var (
	href    = regexp.MustCompile(`(?i)\b(?:href|src|action|background)\s*=\s*"([^"]*)"`)
	address = regexp.MustCompile(`(?i)https?://[^\s"'<>]+`)
)

// findLink demands that the mail has one place to click on, and that nothing in either rendering names another address.
func (m *Message) findLink() error {
	links := href.FindAllStringSubmatch(m.HTML, -1)
	if len(links) != 1 {
		return fmt.Errorf("the HTML has %d links, not one", len(links))
	}
	link := html.UnescapeString(links[0][1])
	for _, found := range address.FindAllString(html.UnescapeString(m.HTML), -1) {
		if found != link {
			return fmt.Errorf("the HTML names %q beside its link", found)
		}
	}
	if found := address.FindAllString(m.Text, -1); len(found) != 1 || found[0] != link {
		return fmt.Errorf("the text links to %q, not to %q once", found, link)
	}
	m.Link = link
	return nil
}
