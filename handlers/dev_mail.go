package handlers

import (
	"cmp"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"example.com/gatehouse/mail"
	"example.com/gatehouse/views/dev"
)

// devMailRows is how many mails the development mailbox lists.
const devMailRows = 100

// DevMailPage lists what was mailed.
func (h *Handlers) DevMailPage(c echo.Context) error {
	messages, err := h.outbox.List(c.Request().Context(), devMailRows)
	if err != nil {
		return err
	}
	rows := make([]dev.MailRow, len(messages))
	for i, message := range messages {
		rows[i] = mailRow(message)
	}
	trouble := ""
	if t := h.outbox.Trouble(); t != nil {
		trouble = t.What
	}
	return h.web.Render(c, http.StatusOK, dev.Mail(rows, trouble))
}

func mailRow(l mail.QueuedMessage) dev.MailRow {
	return dev.MailRow{
		ID: l.ID, Kind: l.Kind, To: l.To, Subject: cmp.Or(l.Subject, l.Kind), State: string(l.State), Error: l.LastError,
		Attempts: l.Attempts, At: l.CreatedAt,
	}
}

// DevMailMessage shows one mail.
func (h *Handlers) DevMailMessage(c echo.Context) error {
	message, err := h.outbox.Find(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return h.web.Render(c, http.StatusOK, dev.MailMessage(dev.MailView{MailRow: mailRow(message), Text: message.Text, Link: h.linkIn(message.Text)}))
}

// linkIn is the one link of a mail: its only word that begins with this site's address.
func (h *Handlers) linkIn(text string) string {
	for word := range strings.FieldsSeq(text) {
		if strings.HasPrefix(word, h.config.AppURL.String()+"/") {
			return word
		}
	}
	return ""
}

// mailPolicy lets a mail be what it is in a mailbox: its own inline styles, no scripts, and only in the page that frames it.
const mailPolicy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; base-uri 'none'; frame-ancestors 'self'"

// DevMailHTML is the HTML part of one mail, for the frame in DevMailMessage.
func (h *Handlers) DevMailHTML(c echo.Context) error {
	message, err := h.outbox.Find(c.Request().Context(), c.Param("id"))
	if err != nil {
		return err
	}
	return showMail(c, message.HTML)
}

// showMail answers with a mail's HTML, for a frame.
func showMail(c echo.Context, html string) error {
	c.Response().Header().Set("Content-Security-Policy", mailPolicy)
	c.Response().Header().Set("X-Frame-Options", "SAMEORIGIN")
	// A link in a mail opens a window of its own, as it does in a mailbox.
	return c.HTML(http.StatusOK, strings.Replace(html, "<head>", `<head><base target="_blank">`, 1))
}
