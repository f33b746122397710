// feature:notes|profile_picture

//go:build !race

// The race detector takes several times the memory of the program.

package models

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"testing"
	"time"
)

// Five uploads of each of these took up to 2,299 MB. They are made in a process of their own, whose memory is nothing but theirs.
func TestPictures_TakeLessThan300MB(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux tells how much memory a process has had")
	}
	dir := t.TempDir()
	for name, content := range map[string][]byte{
		"cmyk.jpg":        flatJPEG(6000, 4000, true, 0, 1, 0x11, 0x11, 0x11, 0x11), // refused
		"progressive.jpg": flatJPEG(5712, 4284, true, 0, 1, 0x22, 0x11, 0x11),
		"16.png":          flatPNG(6000, 4000, 6, 16, 2, 0),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	child := exec.Command(os.Args[0], "-test.run=^TestPicturesOfAnotherProcess$", "-test.v")
	child.Env = append(os.Environ(), "PICTURES="+dir)
	out, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	peak := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(out)
	if peak == nil {
		t.Fatalf("no VmHWM in\n%s", out)
	}
	if kilobytes, _ := strconv.Atoi(string(peak[1])); kilobytes >= 300_000 {
		t.Errorf("the process took %d MB, want less than 300", kilobytes/1000)
	}
}

// TestPicturesOfAnotherProcess is the process of the test above: it makes each picture five times.
func TestPicturesOfAnotherProcess(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(os.Getenv("PICTURES"), "*"))
	if os.Getenv("PICTURES") == "" {
		t.Skip("it has no pictures")
	}
	p := Pictures{patience: time.Minute} // a busy machine decodes slowly
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			if _, err := p.Make(t.Context(), &User{ID: "ada"}, "picture", uploaded(t, data), Square(96)); err != nil && filepath.Base(name) != "cmyk.jpg" {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s\n", regexp.MustCompile(`VmHWM:.*`).Find(status))
}
