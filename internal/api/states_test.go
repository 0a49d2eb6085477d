package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/critical"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/worklist"
)

// transitions reads the table below a heading of docs/states.md: from and
// event, and where they lead.
func transitions(t *testing.T, heading string) map[[2]string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "states.md"))
	must(t, err)
	_, part, found := strings.Cut(string(text), "\n## "+heading)
	if !found {
		t.Fatalf("docs/states.md has no part %s", heading)
	}
	part, _, _ = strings.Cut(part, "\n## ")
	out := map[[2]string]string{}
	for line := range strings.Lines(part) {
		cells := strings.Split(strings.TrimSpace(line), " | ")
		if len(cells) != 5 || strings.HasPrefix(line, "| from") || strings.HasPrefix(line, "|---") {
			continue
		}
		out[[2]string{strings.TrimPrefix(cells[0], "| "), cells[1]}] = cells[2]
	}
	return out
}

func TestPrintedStatesAreThoseOfTheCode(t *testing.T) {
	t.Parallel()
	printed := transitions(t, "Task")
	for _, s := range hub.States {
		for _, e := range worklist.Events {
			next, err := worklist.After(s, e)
			if got, listed := printed[[2]string{string(s), string(e)}]; listed != (err == nil) || listed && got != string(next) {
				t.Errorf("task %s, %s: the page says %q, the code %q (%v)", s, e, got, next, err)
			}
			delete(printed, [2]string{string(s), string(e)})
		}
	}
	for pair := range printed {
		t.Errorf("the page has a task %v that the code does not know", pair)
	}
	printed = transitions(t, "Critical value")
	for _, s := range critical.States {
		for _, e := range critical.Events {
			from := string(s)
			if from == "" {
				from = "(none)"
			}
			next, err := critical.After(s, e)
			if got, listed := printed[[2]string{from, string(e)}]; listed != (err == nil) || listed && got != string(next) {
				t.Errorf("critical value %s, %s: the page says %q, the code %q (%v)", s, e, got, next, err)
			}
			delete(printed, [2]string{from, string(e)})
		}
	}
	for pair := range printed {
		t.Errorf("the page has a critical value %v that the code does not know", pair)
	}
}
