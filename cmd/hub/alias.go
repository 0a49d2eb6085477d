package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/yuanzhen/yuanzhen/internal/api"
)

// aliases are the other roots of the DICOMweb services: --alias, and `aliases:`
// of the settings file.
func (s *Settings) aliases() ([]api.Alias, error) {
	var out []api.Alias
	for _, text := range s.Alias {
		path, bound, ok := strings.Cut(text, "=")
		member, account, _ := strings.Cut(bound, ":")
		if !ok {
			return nil, fmt.Errorf("--alias %q: want PATH=MEMBER or PATH=MEMBER:LOGIN", text)
		}
		out = append(out, api.Alias{Path: path, Member: member, Account: account})
	}
	if s.Config != "" {
		data, err := os.ReadFile(string(s.Config))
		if err != nil {
			return nil, err
		}
		var file struct {
			Aliases []api.Alias `yaml:"aliases"`
		}
		if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&file); err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%s: %w", s.Config, err)
		}
		out = append(out, file.Aliases...)
	}
	for _, a := range out {
		if err := a.Validate(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// origins checks the origins whose pages may use the DICOMweb services.
func (s *Settings) origins() error {
	for _, o := range s.CORS {
		if o == "*" {
			continue
		}
		if u, err := url.Parse(o); err != nil || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return fmt.Errorf("--cors %q: want an origin such as https://viewer.example, or *", o)
		}
	}
	return nil
}
