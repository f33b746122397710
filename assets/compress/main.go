// Command compress writes the brotli and gzip forms of the assets, so that
// neither a request nor a start has to compress them. Run it in the module's
// root.
package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"

	"example.com/gatehouse/assets"
	"github.com/andybalholm/brotli"
)

const folder = "assets/compressed"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	contents, err := assets.Compressible(os.DirFS("assets"))
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for hash, content := range contents {
		var br, gz bytes.Buffer
		b := brotli.NewWriterLevel(&br, brotli.BestCompression)
		b.Write(content)
		if err := b.Close(); err != nil {
			return fmt.Errorf("compress with brotli: %w", err)
		}
		g, err := gzip.NewWriterLevel(&gz, gzip.BestCompression)
		if err != nil {
			return fmt.Errorf("compress with gzip: %w", err)
		}
		g.Write(content)
		if err := g.Close(); err != nil {
			return fmt.Errorf("compress with gzip: %w", err)
		}
		for name, data := range map[string][]byte{hash + ".br": br.Bytes(), hash + ".gz": gz.Bytes()} {
			keep[name] = true
			if err := os.WriteFile(filepath.Join(folder, name), data, 0o644); err != nil {
				return fmt.Errorf("write a compressed asset: %w", err)
			}
		}
	}
	// Old files are removed last: go:embed needs at least one file in the
	// folder.
	entries, err := os.ReadDir(folder)
	if err != nil {
		return fmt.Errorf("read %s: %w", folder, err)
	}
	for _, entry := range entries {
		if !keep[entry.Name()] {
			if err := os.Remove(filepath.Join(folder, entry.Name())); err != nil {
				return fmt.Errorf("remove an old compressed asset: %w", err)
			}
		}
	}
	return nil
}
