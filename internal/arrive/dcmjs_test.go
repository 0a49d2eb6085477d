package arrive

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/internal/hubtest"
)

// TestDcmjsDimseWorksWithTheHub runs testdata/dcmjs-dimse/peer.cjs, a client
// made of the npm package of that name.
func TestDcmjsDimseWorksWithTheHub(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("testdata", "dcmjs-dimse")
	if _, err := os.Stat(filepath.Join(dir, "node_modules", ".package-lock.json")); err != nil {
		t.Skipf("%s is not filled (make test does it): not compared with dcmjs-dimse", dir)
	}
	h := newClinic(t)
	host, port := h.hostPort()
	cmd := exec.CommandContext(t.Context(), hubtest.Tool(t, "node"), "peer.cjs", host, port)
	cmd.Dir = dir
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var heard struct {
		Echo, Store, Find, Get, Move, Create, Set, Action int
		Found, Got                                        []string
	}
	if err := json.Unmarshal(lastLine(out), &heard); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	want := heard
	want.Echo, want.Store, want.Find, want.Get, want.Move, want.Create, want.Set, want.Action = 0, 0, 0, 0, 0xA801, 0, 0, 0
	want.Found, want.Got = []string{"A8"}, []string{"1.8.1.1"}
	if !reflect.DeepEqual(heard, want) {
		t.Errorf("heard %+v, want %+v", heard, want)
	}
	if task := h.task(t, "1.8"); task.State != hub.Queued || !task.Complete {
		t.Errorf("after the completed step the task is %s, complete %v", task.State, task.Complete)
	}
}

// lastLine is where the answer stands: the package logs before it.
func lastLine(b []byte) []byte {
	end := len(b)
	for end > 0 && b[end-1] == '\n' {
		end--
	}
	start := end
	for start > 0 && b[start-1] != '\n' {
		start--
	}
	return b[start:end]
}
