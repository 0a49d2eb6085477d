package worklist

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestEveryStateAndEvent compares every state × event pair, refusals included,
// with a golden file, so that a changed clinical rule shows up in review.
func TestEveryStateAndEvent(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range hub.States {
		for _, e := range Events {
			next, err := After(s, e)
			if err != nil {
				if hub.KindOf(err) != hub.Conflict || next != s {
					t.Errorf("%s × %s: a refusal must be a Conflict that changes nothing, got %v, %s", s, e, err, next)
				}
				next = "refused"
			}
			fmt.Fprintf(&b, "%-13s %-15s %s\n", s, e, next)
		}
	}
	const golden = "testdata/states.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the table differs from %s; run go test -update and read the difference", golden)
	}
}
