// Package web carries the built browser application inside the binary, so that
// a hub is one file. dist/ is filled by `make build` and ignored by git; a
// binary built without it serves one page that says how to build it.
package web

import (
	"embed"
	"io/fs"
)

// all: keeps files whose names a bundler starts with "_" or ".".
//
//go:embed all:dist
var dist embed.FS

//go:embed notbuilt
var notBuilt embed.FS

// Built reports whether the browser application is in this binary.
func Built() bool { return hasIndex(dist) }

// Files returns the root of the built application, or of the one page that
// says how to build it. Either way index.html is there.
func Files() fs.FS { return choose(dist, notBuilt) }

func choose(built, fallback embed.FS) fs.FS {
	tree, root := fs.FS(built), "dist"
	if !hasIndex(built) {
		tree, root = fallback, "notbuilt"
	}
	sub, err := fs.Sub(tree, root)
	if err != nil { // the names are constants; fs.Sub refuses only malformed ones
		panic(err)
	}
	return sub
}

func hasIndex(tree fs.FS) bool {
	st, err := fs.Stat(tree, "dist/index.html")
	return err == nil && st.Mode().IsRegular()
}
