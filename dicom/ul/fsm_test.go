package ul

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// walk writes every state × event pair, refusals included.
func walk() string {
	var b strings.Builder
	for s := sta1; s <= sta13; s++ {
		for e := evt1; e <= evt19; e++ {
			next, actions, ok := step(s, e, true)
			if !ok {
				fmt.Fprintf(&b, "%v %v: refused\n", s, e)
				continue
			}
			did := make([]string, len(actions))
			for i, a := range actions {
				did[i] = a.String()
			}
			fmt.Fprintf(&b, "%v %v: %v -> %v", s, e, table[e][s], next)
			if other, _, _ := step(s, e, false); other != next {
				fmt.Fprintf(&b, " (acceptor: %v)", other)
			}
			fmt.Fprintf(&b, " [%s]\n", strings.Join(did, ", "))
		}
	}
	return b.String()
}

func TestEveryStateAndEventLeadsWhereTable910Says(t *testing.T) {
	t.Parallel()
	const golden = "testdata/fsm.golden"
	got := walk()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	if len(gotLines) != len(wantLines) || len(gotLines) != 13*19+1 {
		t.Fatalf("%d lines, golden file %d, want %d", len(gotLines), len(wantLines), 13*19+1)
	}
	for i, w := range wantLines {
		if gotLines[i] != w {
			t.Errorf("got  %s\nwant %s", gotLines[i], w)
		}
	}
}

func TestAnEmptyCellChangesNothing(t *testing.T) {
	t.Parallel()
	for s := sta1; s <= sta13; s++ {
		for e := evt1; e <= evt19; e++ {
			if next, actions, ok := step(s, e, true); !ok && (next != s || actions != nil) {
				t.Errorf("%v %v moved to %v with %v", s, e, next, actions)
			}
		}
	}
}
