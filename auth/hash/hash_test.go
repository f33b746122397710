package hash

import (
	"context"
	"errors"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

// ASVS 5.0 V6.2.8.
func TestVerify_ComparesTheWholePassword(t *testing.T) {
	h := New(Default, 2, 10)
	long := strings.Repeat("x", 255)
	for _, password := range []string{"correct horse battery", " spaces stay ", "TAB\tand\x00zero", long + "y", "пароль из слов"} {
		encoded := mustHash(t, h, password)
		expect(t, h, password, encoded, true, false)
		for _, other := range []string{password + "x", password[:len(password)-1], strings.TrimSpace(password) + " ", swapCase(password)} {
			expect(t, h, other, encoded, false, false)
		}
	}
}

// NIST SP 800-63B-4 3.1.1.2.
func TestVerify_TakesTwoFormsOfAWordForOnePassword(t *testing.T) {
	h := New(Default, 2, 10)
	composed, decomposed := "caf\u00e9 au lait noir", "cafe\u0301 au lait noir"
	expect(t, h, decomposed, mustHash(t, h, composed), true, false)
	expect(t, h, composed, mustHash(t, h, decomposed), true, false)
	expect(t, h, "\ufb01ne words alone", mustHash(t, h, "fine words alone"), false, false) // NFC, not NFKC
}

// ASVS 5.0 V11.4.2, NIST SP 800-63B-4 3.1.1.2.
func TestHash_IsArgon2idAtTheFloorWithASaltOfItsOwn(t *testing.T) {
	h := New(Default, 1, 1)
	first, second := mustHash(t, h, "the same password"), mustHash(t, h, "the same password")
	if first == second {
		t.Error("two hashes of one password are equal")
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("hash is %s", first)
	}
	parsed, err := parseArgon2id(first)
	if err != nil || len(parsed.salt) != 16 || len(parsed.key) != 32 || parsed.String() != first {
		t.Errorf("hash reads as %+v, %v", parsed, err)
	}
}

func TestVerify_ReadsHashesOfTheReferenceImplementation(t *testing.T) {
	// From the test suite of github.com/P-H-C/phc-winner-argon2.
	reference := "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	h := New(Default, 1, 1)
	expect(t, h, "password", reference, true, true)
	expect(t, h, "Password", reference, false, false)
}

// OWASP Password Storage Cheat Sheet, "Upgrading the Work Factor".
func TestVerify_AsksForANewHashInsteadOfOneWithOtherParameters(t *testing.T) {
	h := New(Default, 1, 1)
	salt := []byte("sixteen bytes ok")
	for name, old := range map[string]argon2idHash{
		"less memory":   {Cost{8192, 2, 1}, salt, nil},
		"more passes":   {Cost{8192, 3, 1}, salt, nil},
		"two threads":   {Cost{19456, 2, 2}, salt, nil},
		"shorter salt":  {Default.Cost, salt[:8], nil},
		"a shorter key": {Default.Cost, salt, make([]byte, 16)},
	} {
		if old.key == nil {
			old.key = make([]byte, keyBytes)
		}
		old.key = argon2.IDKey([]byte("the password"), old.salt, old.cost.Passes, old.cost.Memory, old.cost.Threads, uint32(len(old.key)))
		t.Run(name, func(t *testing.T) {
			expect(t, h, "the password", old.String(), true, true)
			expect(t, h, "not the password", old.String(), false, false)
		})
	}
}

// ASVS 5.0 V11.4.2.
func TestVerify_ReadsBcryptAndAsksForANewHash(t *testing.T) {
	h := New(Default, 1, 1)
	encoded := bcryptOf(t, "an old password")
	for _, version := range []string{"$2a$", "$2b$", "$2y$"} {
		expect(t, h, "an old password", version+encoded[4:], true, true)
		expect(t, h, "an old passwore", version+encoded[4:], false, false)
	}
	if _, _, err := h.Verify(t.Context(), "an old password", "$2x$"+encoded[4:]); err == nil {
		t.Error("$2x$ marks hashes of a broken library, and was read")
	}
}

// ASVS 5.0 V6.2.8.
func TestVerify_MatchesNoMoreThanBcryptReads(t *testing.T) {
	h := New(Default, 1, 1)
	whole := strings.Repeat("x", 72)
	encoded := bcryptOf(t, whole)
	expect(t, h, whole, encoded, true, true)
	expect(t, h, whole+"y", encoded, false, false)
	expect(t, h, "ab\x00ab", bcryptOf(t, "ab"), false, false)
}

func TestVerify_MatchesNoMalformedOrAbsurdHash(t *testing.T) {
	good := unmatched(Default.Cost).String()
	parts := strings.Split(good, "$")
	salt, key := parts[4], parts[5]
	h := New(Default, 1, 1)
	for _, encoded := range []string{
		"password", "$", "$$$$$", "$argon2id$", "$argon2id$v=19", "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=18$m=19456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + key,
		"$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=104857600,t=2,p=1$" + salt + "$" + key, // 100 GiB
		"$argon2id$v=19$m=19456,t=4000000000,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=4294967296,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=0,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=257$" + salt + "$" + key, // 1 in eight bits
		"$argon2id$v=19$m=-1,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=1,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "=$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "$x",
		"$argon2id$v=19$m=524288,t=1,p=1$" + salt + "$" + key, // 512 MiB
		"$argon2id$v=19$m=262144,t=5,p=1$" + salt + "$" + key, // 1.25 GiB over all passes
		"$argon2id$v=19$m=019456,t=2,p=1$" + salt + "$" + key,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "\n$" + key,
		good[:len(good)-1] + "B", // bits that no byte takes
		good + strings.Repeat("A", 1000),
		"$2a$", "$2a$10$", "$2a$10$short", "$2a$31$" + strings.Repeat("a", 53), "$2b$99$" + strings.Repeat("a", 53), "$2a$10$" + strings.Repeat("a", 54),
	} {
		ok, rehash, err := h.Verify(t.Context(), "", encoded)
		if ok || rehash || err == nil {
			t.Errorf("Verify(%q) = %v, %v, %v", encoded, ok, rehash, err)
		}
		if err != nil && len(encoded) > 8 && strings.Contains(err.Error(), encoded) {
			t.Errorf("the error repeats what was stored: %v", err)
		}
	}
}

// It counts blocks of memory instead of milliseconds: the work is filling them.
// ASVS 5.0 V6.3.8.
func TestVerify_DoesTheSameWorkWithoutAUsableHash(t *testing.T) {
	h := New(Default, 1, 1)
	encoded := mustHash(t, h, "the right password")
	known := allocated(func() { _, _, _ = h.Verify(t.Context(), "a wrong password", encoded) })
	for name, verify := range map[string]func(){
		"an unknown address":           func() { _ = h.VerifyUnknown(t.Context(), "a wrong password") },
		"an account without password":  func() { _, _, _ = h.Verify(t.Context(), "a wrong password", "") },
		"a hash that can't be read":    func() { _, _, _ = h.Verify(t.Context(), "a wrong password", "$2a$10$short") },
		"a hash that asks for 100 GiB": func() { _, _, _ = h.Verify(t.Context(), "x", "$argon2id$v=19$m=104857600,t=2,p=1$c29tZXNhbHQ$x") },
	} {
		if got := allocated(verify); got < known*99/100 || got > known*101/100 {
			t.Errorf("%s takes %d bytes of work, a known one %d", name, got, known)
		}
	}
}

// A lower bound alone: a busy machine takes longer.
// ASVS 5.0 V6.3.8.
func TestVerifyEvenly_TakesTheSameTimeWhateverMadeTheHash(t *testing.T) {
	h := New(Default, 4, 0)
	for name, encoded := range map[string]string{
		"nobody's": "", "a new one": mustHash(t, h, "the password"), "an imported one": bcryptOf(t, "the password"), "junk": "$2a$10$short",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			began := time.Now()
			if ok, _, _ := h.VerifyEvenly(t.Context(), "a wrong password", encoded); ok || time.Since(began) < Default.Failure {
				t.Errorf("it answers %v after %s", ok, time.Since(began))
			}
		})
	}
}

// ASVS 5.0 V15.2.2.
func TestHasher_BoundsHowManyRunAndWait(t *testing.T) {
	h := New(Default, 2, 3)
	finish := make(chan struct{})
	var running, most int
	var mu sync.Mutex
	results := make(chan error, 5)
	for range 5 {
		go func() {
			results <- h.InTurn(t.Context(), func() {
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				<-finish
				mu.Lock()
				running--
				mu.Unlock()
			})
		}()
	}
	for h.Waiting() < 3 {
		runtime.Gosched()
	}
	refusesAll(t, h)
	for runs := 0; runs < 2; runtime.Gosched() { // a thread may be slow to start
		mu.Lock()
		runs = running
		mu.Unlock()
	}
	close(finish)
	for range 5 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if most != 2 {
		t.Errorf("%d ran at once", most)
	}
	if err := h.InTurn(t.Context(), func() {}); err != nil {
		t.Errorf("after the rush: %v", err)
	}
}

func refusesAll(t *testing.T, h *Hasher) {
	t.Helper()
	if _, err := h.Hash(t.Context(), "one too many"); !errors.Is(err, ErrBusy) {
		t.Errorf("Hash beyond the queue: %v", err)
	}
	if _, _, err := h.Verify(t.Context(), "one too many", bcryptOf(t, "one")); !errors.Is(err, ErrBusy) {
		t.Errorf("Verify beyond the queue: %v", err)
	}
	if err := h.VerifyUnknown(t.Context(), "one too many"); !errors.Is(err, ErrBusy) {
		t.Errorf("VerifyUnknown beyond the queue: %v", err)
	}
}

func TestHasher_FreesThePlaceOfACallerThatStopsWaiting(t *testing.T) {
	h := New(Default, 1, 1)
	finish, done := make(chan struct{}), make(chan error)
	go func() { done <- h.InTurn(t.Context(), func() { <-finish }) }()
	for h.running() < 1 {
		runtime.Gosched()
	}
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			_, err := h.Hash(ctx, "impatient")
			done <- err
		}()
		for h.Waiting() < 1 {
			runtime.Gosched()
		}
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("waiting ended with %v", err)
		}
	}
	close(finish)
	if err := <-done; err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 20 {
		if err := h.InTurn(ctx, func() {}); !errors.Is(err, context.Canceled) {
			t.Fatalf("hashing for someone who left: %v", err)
		}
	}
}

func TestInTurn_FreesTheSlotAfterAPanic(t *testing.T) {
	h := New(Default, 1, 0)
	for range 3 {
		func() {
			defer func() { _ = recover() }()
			_ = h.InTurn(t.Context(), func() { panic("out of the blue") })
		}()
	}
	if err := h.InTurn(t.Context(), func() {}); err != nil {
		t.Error(err)
	}
}

// peak-MB is the resident memory at its height, after-MB after the flood.
func BenchmarkFloodOf200Hashes(b *testing.B) {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		b.Skip("needs Linux to read resident memory from /proc")
	}
	slots := max(1, runtime.GOMAXPROCS(0)-1)
	h := New(Default, slots, 200)
	var peak float64
	for b.Loop() {
		var wg sync.WaitGroup
		for range 200 {
			wg.Go(func() {
				if _, err := h.Hash(b.Context(), "correct horse battery"); err != nil {
					b.Error(err)
				}
			})
		}
		wg.Wait()
		peak = residentMB(b, "VmHWM:")
	}
	b.ReportMetric(peak, "peak-MB")
	b.ReportMetric(residentMB(b, "VmRSS:"), "after-MB")
}

func BenchmarkHash(b *testing.B) {
	h := New(Default, 1, 0)
	for b.Loop() {
		if _, err := h.Hash(b.Context(), "correct horse battery"); err != nil {
			b.Fatal(err)
		}
	}
}

func residentMB(t testing.TB, field string) float64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), field)
	var kB float64
	for _, c := range strings.Fields(rest)[0] {
		kB = kB*10 + float64(c-'0')
	}
	return kB / 1024
}

func FuzzStoredHashesNeverPanicAndAreBounded(f *testing.F) {
	f.Add(unmatched(Default.Cost).String())
	f.Add("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")
	f.Add("$2b$10$" + strings.Repeat("a", 53))
	f.Add("")
	f.Fuzz(func(t *testing.T, encoded string) {
		stored, err := New(Default, 1, 0).parse(encoded)
		switch hash := stored.(type) {
		case argon2idHash:
			if hash.cost.check() != nil || len(hash.salt) > 64 || len(hash.key) > 64 {
				t.Errorf("%q reads as %+v", encoded, hash)
			}
			if err == nil && encoded != "" && len(encoded) > 400 {
				t.Errorf("%q was read", encoded)
			}
		case bcryptHash:
			if cost, err := bcrypt.Cost([]byte(hash)); err != nil || cost > maxBcryptCost {
				t.Errorf("%q has cost %d, %v", encoded, cost, err)
			}
		default:
			t.Errorf("%q reads as %T", encoded, stored)
		}
	})
}

func expect(t *testing.T, h *Hasher, password, encoded string, ok, rehash bool) {
	t.Helper()
	gotOK, gotRehash, err := h.Verify(t.Context(), password, encoded)
	if err != nil || gotOK != ok || gotRehash != rehash {
		t.Errorf("Verify(%q, %q) = %v, %v, %v; want %v, %v", password, encoded, gotOK, gotRehash, err, ok, rehash)
	}
}

func mustHash(t testing.TB, h *Hasher, password string) string {
	t.Helper()
	encoded, err := h.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}

func bcryptOf(t *testing.T, password string) string {
	t.Helper()
	encoded, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(encoded)
}

func swapCase(s string) string {
	if upper := strings.ToUpper(s); upper != s {
		return upper
	}
	return strings.ToLower(s)
}

func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}
