package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"gopkg.in/yaml.v3"
)

// rulesKey is the part of the settings file with the alliance's own numbers;
// Settings.rules reads it.
const rulesKey = "rules"

// settingsFile knows the flags a YAML settings file may set, by their name:
// `http: 127.0.0.1:8080` stands for --http.
type settingsFile map[string]bool

// allow lets a file set every flag of a command and those below it.
func (f settingsFile) allow(n *kong.Node) {
	for _, flag := range n.Flags {
		if !flag.Hidden && flag.Name != "help" && flag.Name != "version" && flag.Name != "config" {
			f[flag.Name] = true
		}
	}
	for _, child := range n.Children {
		f.allow(child)
	}
}

// load resolves flags from a file. A name that is no flag, or a value that
// cannot be one, is an error that names it: a setting that is silently passed
// over looks as if it were in force.
func (f settingsFile) load(r io.Reader) (kong.Resolver, error) {
	values := map[string]any{}
	if err := yaml.NewDecoder(r).Decode(&values); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("settings file: %w", err)
	}
	var faults []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		_, nested := values[name].(map[string]any)
		switch {
		case name == rulesKey:
		case !f[name]:
			faults = append(faults, fmt.Sprintf("%s: no such setting", name))
		case nested:
			faults = append(faults, fmt.Sprintf("%s: want one value or a list", name))
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("settings file: %s", strings.Join(faults, "; "))
	}
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		if flag.Name == rulesKey {
			return nil, nil
		}
		return values[flag.Name], nil
	}), nil
}
