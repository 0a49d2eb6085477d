package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// printed runs `hub config` on a settings file.
func printed(t *testing.T, text string) (string, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "hub.yaml")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	var out bytes.Buffer
	err := run(t.Context(), []string{"config", "--config", path}, &out, io.Discard)
	return out.String(), err
}

func TestSettingsFileSetsFlagsAndRules(t *testing.T) {
	t.Parallel()
	out, err := printed(t, `
http: 127.0.0.1:9999
alias: [/wado=CLINIC1]
rules:
  settle: 3s
  lock_failures: 3
  warn_first_percent: 40
  critical_handle: 20m
  ecg:
    af_rate: 180
    E12: off
`)
	must(t, err)
	for _, want := range []string{"http: 127.0.0.1:9999", "settle: 3s", "lock_failures: 3", "warn_first_percent: 40", "critical_handle: 20m0s", "af_rate: 180", "E12: false", "ecg_routine: 30m0s"} {
		if !strings.Contains(out, want) {
			t.Errorf("hub config does not show %q in\n%s", want, out)
		}
	}
}

func TestSettingThatIsNoneIsNamed(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"htpp: 1\nrulez: {}\n": {"htpp: no such setting", "rulez: no such setting"},
		"http: {port: 80}\n":   {"http: want one value"},
		"config: other.yaml\n": {"config: no such setting"},
		"rules:\n  setle: 3s\n  lease: 5\n  lock_failures: many\n": {"rules.setle", "rules.lease", "rules.lock_failures"},
		"rules: [1]\n":                       {"rules: line"},
		"rules:\n  ecg:\n    E12: maybe\n":   {"rules.ecg", "E12", "maybe"},
		"rules:\n  ecg:\n    slow_rat: 40\n": {"rules.ecg", "slow_rat", "slow_rate"},
		"rules:\n  ecg:\n    E99: off\n":     {"rules.ecg", "E99"},
		"rules:\n  warn_first_percent: 90\n": {"warn_first_percent"},
		"rules:\n  work_from: 19h\n":         {"work_from"},
	} {
		_, err := printed(t, text)
		for _, part := range want {
			if err == nil || !strings.Contains(err.Error(), part) {
				t.Errorf("%q: got %v, want it to name %q", text, err, part)
			}
		}
	}
}
