// feature:recovery_codes|totp

package handlers_test

// owingAtOnce is somebody with a second factor who has entered the password in n browsers.
func (s *stage) owingAtOnce(email string, n int) []*person {
	s.t.Helper()
	people := make([]*person, n)
	for i := range people {
		people[i] = s.visitor()
		people[i].email = email
		people[i].enters()
	}
	people[0].get("/login/factor").is(s.t, 200)
	return people
}
