// feature:recovery_codes|totp

package handlers_test

import "example.com/gatehouse/apptest"

// manyAtSecondFactor is somebody with a second factor who has entered the password in n browsers.
func manyAtSecondFactor(app *apptest.App, email string, n int) []*apptest.Browser {
	app.T.Helper()
	people := make([]*apptest.Browser, n)
	for i := range people {
		people[i] = app.Browser()
		people[i].Email = email
		people[i].StartLogin()
	}
	people[0].Get("/login/factor").WantStatus(app.T, 200)
	return people
}
