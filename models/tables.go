package models

// Tables returns the tables of the program, for Open. A table comes after those
// that its rows refer to.
func Tables() []Table {
	return []Table{
		userTable,
		sessionTable,
		pendingLoginTable,
		knownDeviceTable,
		registrationTable,
		passwordResetTable,
		usedLinkTable,
		securityAlertTable,
		profilePictureTable, // feature:profile_picture
		preferencesTable,
		userRoleTable,
		limitTable,
		writeProbeTable,
		eventTable,
		outboxMailTable,
		outboxErasureTable,
		authenticatorTable, // feature:totp
		accountRecoveryTable,
		recoveryCodeTable,     // feature:recovery_codes
		mailLoginTable,        // feature:mail_login
		noteTable,             // feature:notes
		noteImageTable,        // feature:notes
		passkeyOwnerTable,     // feature:passkeys
		passkeyTable,          // feature:passkeys
		passkeyChallengeTable, // feature:passkeys
		accountDeletionTable,
		trustedDeviceTable,     // feature:trusted_devices
		acceptedTermsTable,     // feature:terms
		registrationTermsTable, // feature:terms
		emailChangeTable,
		formerEmailTable,
	}
}
