// Package deploy_test keeps what operators read and load in step: alert rules,
// dashboard, settings file and docs/operating.md.
package deploy_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

var (
	metricName    = regexp.MustCompile(`\bhub_[a-z0-9_]+`)
	metricLiteral = regexp.MustCompile(`"hub_[a-z0-9_]+"`)
)

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// rows returns the names in backquotes or bare that begin the rows of the
// table below header in docs/operating.md.
func rows(t *testing.T, header string) []string {
	t.Helper()
	_, table, ok := strings.Cut(read(t, "../docs/operating.md"), "\n| "+header+" |")
	if !ok {
		t.Fatalf("docs/operating.md has no table whose first column is %q", header)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var names []string
	for _, line := range strings.Split(strings.TrimSpace(table), "\n")[2:] { // the rest of the header, the rule
		cell, _, _ := strings.Cut(strings.TrimPrefix(line, "| "), " |")
		names = append(names, strings.Trim(cell, "`"))
	}
	return names
}

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Alert       string
			Labels      map[string]string
			Annotations map[string]string
		}
	}
}

func alerts(t *testing.T) ruleFile {
	t.Helper()
	var f ruleFile
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/alerts.yml")), &f); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestEveryMetricThatIsWatchedIsExplained(t *testing.T) {
	t.Parallel()
	explained := rows(t, "metric")
	for _, path := range []string{"prometheus/alerts.yml", "grafana/dashboards/hub.json"} {
		used := metricName.FindAllString(read(t, path), -1)
		if len(used) == 0 {
			t.Errorf("%s watches no metric of the hub", path)
		}
		for _, name := range used {
			name = strings.TrimSuffix(name, "_bucket") // of a histogram
			if !slices.Contains(explained, name) {
				t.Errorf("%s uses %s, which docs/operating.md does not explain", path, name)
			}
		}
	}
}

func TestExactlyTheMetricsOfTheHubAreExplained(t *testing.T) {
	t.Parallel()
	sources, err := filepath.Glob("../internal/metric/*.go")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no sources of the hub's metrics: %v", err)
	}
	var served []string
	for _, path := range sources {
		if !strings.HasSuffix(path, "_test.go") {
			for _, quoted := range metricLiteral.FindAllString(read(t, path), -1) {
				served = append(served, strings.Trim(quoted, `"`))
			}
		}
	}
	explained := rows(t, "metric")
	for _, name := range served {
		if !slices.Contains(explained, name) {
			t.Errorf("docs/operating.md does not explain %s", name)
		}
	}
	for _, name := range explained {
		if !slices.Contains(served, name) {
			t.Errorf("docs/operating.md explains %s, which the hub does not serve", name)
		}
	}
}

func TestEveryAlertSaysWhatToDoInBothLanguagesAndIsTried(t *testing.T) {
	t.Parallel()
	documented, tried := rows(t, "alert"), read(t, "prometheus/alerts_test.yml")
	var names []string
	for _, group := range alerts(t).Groups {
		for _, rule := range group.Rules {
			names = append(names, rule.Alert)
			if !slices.Contains(documented, rule.Alert) {
				t.Errorf("docs/operating.md does not say what to do about %s", rule.Alert)
			}
			if !strings.Contains(tried, "alertname: "+rule.Alert+"\n        exp_alerts:") {
				t.Errorf("alerts_test.yml never makes %s fire", rule.Alert)
			}
			if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" {
				t.Errorf("%s needs a Chinese summary and an English description", rule.Alert)
			}
			if severity := rule.Labels["severity"]; severity != "page" && severity != "ticket" {
				t.Errorf("%s has severity %q, want page or ticket", rule.Alert, severity)
			}
		}
	}
	for _, name := range documented {
		if !slices.Contains(names, name) {
			t.Errorf("docs/operating.md explains %s, but there is no such alert", name)
		}
	}
}

func TestDashboardLoads(t *testing.T) {
	t.Parallel()
	var board struct {
		UID    string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/dashboards/hub.json")), &board); err != nil {
		t.Fatal(err)
	}
	if board.UID == "" || len(board.Panels) == 0 {
		t.Fatal("the dashboard has no uid or no panel")
	}
	for _, panel := range board.Panels {
		if len(panel.Targets) == 0 || panel.Targets[0].Expr == "" {
			t.Errorf("panel %q shows nothing", panel.Title)
		}
	}
}

func TestExampleSettingsNameOnlyRulesThatExist(t *testing.T) {
	t.Parallel()
	file := struct{ Rules worklist.Rules }{worklist.DefaultRules()}
	if err := yaml.NewDecoder(bytes.NewReader([]byte(read(t, "hub.yaml")))).Decode(&file); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(file.Rules, worklist.DefaultRules()) {
		t.Errorf("the example's rules are %+v: an example shows the defaults", file.Rules)
	}
}

func TestComposePinsEveryImageAndHidesEveryPassword(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]struct {
			Image       string
			Build       any
			Environment map[string]string
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"hub", "postgres", "s3", "prometheus", "grafana"} {
		service, ok := compose.Services[name]
		if !ok {
			t.Errorf("compose.yaml has no service %s", name)
		}
		if tag := service.Image[strings.LastIndexAny(service.Image, ":/")+1:]; service.Build == nil && (tag == "latest" || !strings.ContainsAny(tag, "0123456789")) {
			t.Errorf("%s: image %q is not pinned to a version", name, service.Image)
		}
		for key, value := range service.Environment {
			if strings.Contains(key, "PASSWORD") && !strings.HasPrefix(value, "${") {
				t.Errorf("%s: %s is written into the file", name, key)
			}
		}
	}
}
