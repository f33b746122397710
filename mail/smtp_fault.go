package mail

import (
	"errors"
	"regexp"
	"slices"

	gomail "github.com/wneessen/go-mail"
)

// fault is whose a failed attempt is.
type fault int

const (
	// faultPassing is the server's for now: a greylist, a full mailbox, a busy
	// server. The mail is tried again.
	faultPassing fault = iota
	// faultRecipient is for good: there is no such mailbox, or it doesn't take
	// this mail. The mail is given up.
	faultRecipient
	// faultOperator concerns every mail until the operator fixes it: login,
	// sender, relay, quota, host name, certificate, a server that is down. The
	// mail is tried again, and the operator is told.
	faultOperator
)

// enhanced is the status code that follows an answer's own (RFC 3463).
var enhanced = regexp.MustCompile(`\b[45]\d\d[ -]"?[45]\.(\d{1,3})\.(\d{1,3})\b`)

// addresses in a server's words could hold any word.
var addresses = regexp.MustCompile(`\S+@\S+`)

// operatorWords are what servers say of the sender's side, in answers to RCPT
// and DATA that have no telling code.
var operatorWords = regexp.MustCompile(`(?i)relay|sender|helo|ehlo|authenticat|access denied|not permitted|sending (quota|limit)|rate limit|block|spf|dkim|dmarc`)

// faultOf decides by the command that was refused, and the codes. A refusal that
// could be either's is the operator's: trying in vain costs little, and giving
// up a reset link for a wrong setting costs a user the account.
func faultOf(err error) fault {
	var failed *gomail.SendError
	if !errors.As(err, &failed) {
		return faultOperator // connecting, TLS, login
	}
	code, words := refusal(err)
	words = addresses.ReplaceAllLiteralString(words, "")
	switch failed.Reason {
	case gomail.ErrSMTPRcptTo, gomail.ErrSMTPData, gomail.ErrSMTPDataClose:
	default:
		if code == 0 {
			return faultPassing // the connection broke
		}
		return faultOperator
	}
	switch {
	case code < 500 && !operatorWords.MatchString(words):
		return faultPassing
	case code >= 500 && recipients(code, words):
		return faultRecipient
	}
	return faultOperator
}

// recipients reports whether a permanent refusal is about the recipient's
// mailbox or this mail's content.
func recipients(code int, words string) bool {
	status := enhanced.FindStringSubmatch(words)
	if status == nil {
		return slices.Contains([]int{550, 551, 553}, code) && !operatorWords.MatchString(words)
	}
	switch subject, detail := status[1], status[2]; subject {
	case "1": // address; 7 and 8 are the sender's
		return detail != "7" && detail != "8"
	case "2", "6": // mailbox, content
		return true
	}
	return false // 3 mail system, 4 routing, 5 protocol, 7 policy
}
