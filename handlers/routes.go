package handlers

import (
	"github.com/labstack/echo/v4"

	"example.com/gatehouse/auth"
	"example.com/gatehouse/middleware"
	"example.com/gatehouse/views"
)

// routes is the map of the site: every address, who may come, what answers, and what it is limited to.
func (h *Handlers) routes(e *echo.Echo) []Route {
	var list []Route
	open := newGroup(e, &list, "anyone", h.checks()...)
	site := newGroup(e, &list, "anyone", append(h.checks(), middleware.LoadActor(h.auth, h.cookies))...)
	either := behind(site, middleware.Actor) // its actor is nil for a visitor
	guest := site.with("logged out", middleware.RequireGuest(h.turnBack))
	owing := func(what string, step auth.Step) guarded[*auth.PendingLogin] {
		return behind(guest.with("owing "+what, middleware.RequireStep(h.auth, h.cookies, step, h.loginEnded)), middleware.PendingLogin)
	}
	factor := owing("a second factor", auth.FactorStep)
	renewing := owing("a new password", auth.PasswordStep)
	accepting := owing("accepted terms", auth.TermsStep) // feature:terms
	app := behind(site.with("logged in", middleware.RequireUser(h.askToLogin)).counting(h.countChange), middleware.Actor)

	open.GET("/healthz", h.Healthz)
	open.GET("/readyz", h.Readyz)
	open.GET("/assets/*", h.Assets)
	open.GET("/.well-known/change-password", h.ChangePasswordAddress)
	open.GET("/.well-known/passkey-endpoints", h.PasskeyEndpoints) // feature:passkeys

	either.GET("/", h.Home)
	site.GET("/email/confirm", h.ConfirmEmailPage)
	site.POST("/email/confirm", h.ConfirmEmail, limits(auth.LimitConfirm))
	site.GET("/password/forgot", h.ForgotPasswordPage)
	site.POST("/password/forgot", h.ForgotPassword, limits(auth.ForgotLimits...))
	site.GET("/password/forgot/sent", h.ForgotPasswordSent)
	site.GET("/password/reset", h.ResetPasswordPage)
	site.POST("/password/reset", h.ResetPassword, limits(auth.LimitInvalidLink))
	site.GET("/security-alert", h.SecurityAlertPage)
	site.POST("/security-alert", h.SecurityAlert, limits(auth.LimitInvalidLink))
	site.GET("/account-recovery", h.AccountRecoveryPage)
	site.POST("/account-recovery", h.AccountRecovery, limits(auth.LimitInvalidLink))
	site.GET("/account/restore", h.RestoreAccountPage)
	site.POST("/account/restore", h.RestoreAccount, limits(auth.LimitInvalidLink))
	site.GET("/email/change", h.EmailLinkPage)
	either.POST("/email/change", h.EmailLink, limits(auth.LimitInvalidLink))
	site.GET("/email/undo", h.UndoEmailPage)
	site.POST("/email/undo", h.UndoEmail, limits(auth.LimitInvalidLink))
	site.GET("/terms", h.TermsPage) // feature:terms
	site.POST("/logout", h.Logout)

	guest.GET("/register", h.RegisterPage)
	guest.POST("/register", h.Register, limits(auth.RegisterLimits...))
	guest.GET("/register/sent", h.RegisterSent)
	guest.POST("/register/resend", h.ResendRegistration, limits(auth.ResendLimits...))
	guest.POST("/register/correct", h.CorrectRegistration, limits(auth.ResendLimits...))
	guest.GET("/login", h.LoginPage)
	guest.POST("/login", h.Login, limits(auth.LoginLimits...))
	guest.GET("/login/mail", h.MailLoginPage)                                                   // feature:mail_login
	guest.POST("/login/mail", h.MailLogin, limits(auth.MailLoginLimits...))                     // feature:mail_login
	guest.GET("/login/mail/sent", h.MailLoginSent)                                              // feature:mail_login
	guest.POST("/login/mail/sent", h.MailLoginCode, limits(auth.LimitMailLoginCode))            // feature:mail_login
	guest.GET("/login/mail/confirm", h.MailLoginLinkPage)                                       // feature:mail_login
	guest.POST("/login/mail/confirm", h.MailLoginLink, limits(auth.LimitInvalidLink))           // feature:mail_login
	guest.POST("/login/passkey", h.PasskeyLogin, limits(auth.LimitPasskeyIP))                   // feature:passkeys
	guest.POST("/login/passkey/options", h.PasskeyLoginOptions, limits(auth.LimitPasskeyAsked)) // feature:passkeys

	factor.GET("/login/factor", h.SecondFactorPage)
	factor.POST("/login/factor", h.SecondFactor, limits(auth.FactorLimits...))
	factor.POST("/login/factor/options", h.PasskeyFactorOptions, limits(auth.LimitPasskeyAsked)) // feature:passkeys

	renewing.GET("/login/password", h.NewPasswordPage)
	renewing.POST("/login/password", h.NewPassword)

	accepting.GET("/login/terms", h.AcceptTermsPage)                                        // feature:terms
	accepting.POST("/login/terms", h.AcceptTerms)                                           // feature:terms
	accepting.POST("/login/terms/export", h.ExportWithoutTerms, limits(auth.LimitExport))   // feature:terms
	accepting.GET("/login/terms/delete", h.DeleteWithoutTermsPage)                          // feature:terms
	accepting.POST("/login/terms/delete", h.DeleteWithoutTerms, limits(auth.LimitDeletion)) // feature:terms

	app.GET("/dashboard", h.page(views.Dashboard))
	app.GET("/account", h.AccountPage)
	app.POST("/account", h.Account)
	app.GET("/account/preferences", h.PreferencesPage)
	app.POST("/account/preferences", h.Preferences)
	app.GET("/account/email", h.EmailPage)
	app.POST("/account/email", h.ChangeEmail, limits(auth.EmailChangeLimits...))
	app.POST("/account/email/cancel", h.CancelEmailChange, protects)
	app.GET("/account/picture", h.ProfilePicturePage)                   // feature:profile_picture
	app.POST("/account/picture", h.SetProfilePicture, body(maxPicture)) // feature:profile_picture
	app.POST("/account/picture/remove", h.RemoveProfilePicture)         // feature:profile_picture
	app.GET("/account/picture/image", h.ProfilePicture)                 // feature:profile_picture
	app.GET("/account/security", h.SecurityPage)
	app.POST("/account/security", h.Security, limits(auth.LimitReauth), protects)
	app.GET("/account/prove", h.ReauthenticatePage)
	app.POST("/account/prove", h.Reauthenticate, limits(auth.FactorLimits...), protects)
	app.POST("/account/prove/options", h.PasskeyReauthOptions, limits(auth.LimitPasskeyAsked), protects) // feature:passkeys
	app.GET("/account/passkeys", h.PasskeysPage)                                                         // feature:passkeys
	app.GET("/account/passkeys/new", h.NewPasskeyPage)                                                   // feature:passkeys
	app.POST("/account/passkeys/new", h.NewPasskey)                                                      // feature:passkeys
	app.POST("/account/passkeys/new/options", h.NewPasskeyOptions, limits(auth.LimitPasskeyAsked))       // feature:passkeys
	app.POST("/account/passkeys/rename", h.RenamePasskey)                                                // feature:passkeys
	app.POST("/account/passkeys/remove", h.RemovePasskey, protects)                                      // feature:passkeys
	app.POST("/account/passkeys/decline", h.DeclinePasskey)                                              // feature:passkeys
	app.GET("/account/totp", h.TOTPPage)                                                                 // feature:totp
	app.GET("/account/totp/new", h.NewTOTPPage)                                                          // feature:totp
	app.POST("/account/totp/new", h.NewTOTP, limits(auth.LimitChallenge))                                // feature:totp
	app.POST("/account/totp/rename", h.RenameTOTP)                                                       // feature:totp
	app.POST("/account/totp/remove", h.RemoveTOTP, protects)                                             // feature:totp
	app.GET("/account/recovery-codes", h.RecoveryCodesPage)                                              // feature:recovery_codes
	app.POST("/account/recovery-codes", h.MakeRecoveryCodes)                                             // feature:recovery_codes
	app.POST("/account/recovery-codes/download", h.DownloadRecoveryCodes)                                // feature:recovery_codes
	app.GET("/account/trusted-devices", h.TrustedDevicesPage)                                            // feature:trusted_devices
	app.POST("/account/trusted-devices/end", h.EndTrust, protects)                                       // feature:trusted_devices
	app.POST("/account/trusted-devices/end-all", h.EndAllTrust, protects)                                // feature:trusted_devices
	app.GET("/account/sessions", h.SessionsPage)
	app.POST("/account/sessions/end", h.EndSession, protects)
	app.POST("/account/sessions/end-others", h.EndOtherSessions, protects)
	app.GET("/account/delete", h.DeleteAccountPage)
	app.POST("/account/delete", h.DeleteAccount, limits(auth.LimitDeletion))
	app.GET("/account/export", h.AccountExportPage)
	app.POST("/account/export", h.AccountExport, limits(auth.LimitExport))
	app.GET("/account/activity", h.ActivityPage)

	app.GET("/notes", h.Notes)                                     // feature:notes
	app.GET("/notes/new", h.NewNotePage)                           // feature:notes
	app.POST("/notes/new", h.NewNote)                              // feature:notes
	app.GET("/notes/:id", h.Note)                                  // feature:notes
	app.GET("/notes/:id/edit", h.EditNotePage)                     // feature:notes
	app.POST("/notes/:id/edit", h.EditNote)                        // feature:notes
	app.POST("/notes/:id/pin", h.PinNote)                          // feature:notes
	app.POST("/notes/:id/delete", h.DeleteNote)                    // feature:notes
	app.POST("/notes/:id/restore", h.RestoreNote)                  // feature:notes
	app.GET("/notes/:id/image", h.NoteImage)                       // feature:notes
	app.POST("/notes/:id/image", h.SetNoteImage, body(maxPicture)) // feature:notes
	app.POST("/notes/:id/image/delete", h.DeleteNoteImage)         // feature:notes

	if !h.config.Production {
		dev := site.with("private network", middleware.DevelopmentOnly(h.log))
		dev.GET("/dev/mail", h.DevMailPage)
		dev.GET("/dev/mail/:id", h.DevMailMessage)
		dev.GET("/dev/mail/:id/html", h.DevMailHTML)
		dev.GET("/dev/mail/previews", h.DevMailPreviews)
		dev.GET("/dev/mail/previews/:kind", h.DevMailPreview)
		dev.GET("/dev/mail/previews/:kind/html", h.DevMailPreviewHTML)
		dev.GET("/dev/ui", h.DevUIPage)
		dev.GET("/dev/ui/:part", h.DevUIPart)
		dev.POST("/dev/ui/:part", h.DevUISubmit)
	}

	// Outside the groups, or a guard would answer for pages that do not exist.
	e.RouteNotFound(unknownPath, site.wrap(h.NotFound, MaxBody))
	return list
}
