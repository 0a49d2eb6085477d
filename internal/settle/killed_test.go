package settle

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/hub"
	"github.com/yuanzhen/yuanzhen/storage"
)

// settleAlone makes a test process settle a series and die at a step; it holds
// a doomed as JSON.
const settleAlone = "YUANZHEN_SETTLE_ALONE"

// doomed says what a process settles, and after how many operations of its
// object store it is killed.
type doomed struct {
	Dir, Place string
	Member     string
	Steps      int
}

// A settler is killed (SIGKILL) at every step, and each time the hub that starts
// again finds every byte where its row says; in the end one lives on.
func TestKilledSettlerLosesNothing(t *testing.T) {
	if text := os.Getenv(settleAlone); text != "" {
		settleAndDie(t, text)
		return
	}
	eachStore(t, func(t *testing.T, c *clinic) {
		c.send(ct("1.2.3.2", 1), dicom.ExplicitVRLittleEndian)
		for n := 1; n <= 3; n++ {
			c.send(ct("1.2.3.1", n), dicom.ExplicitVRLittleEndian)
		}
		for steps, alive := 0, false; !alive; steps++ {
			if alive = c.settledByAnother(steps); alive && steps < 8 {
				t.Fatalf("settling took %d steps only", steps)
			}
			again := openClinic(t, c.dir, c.place)
			again.source = c.source
			again.sound() // verifies every stored byte by its digest
			again.close()
		}
		if se, list := c.settle("1.2.3.1"); se.MetaCount != 3 || len(list) != 3 {
			t.Errorf("kept %+v of %d", se, len(list))
		}
		c.sound()
	})
}

// settledByAnother lets another process settle for so many steps, and reports
// whether it came to the end.
func (c *clinic) settledByAnother(steps int) bool {
	c.t.Helper()
	text, err := json.Marshal(doomed{c.dir, c.place, string(c.source.Actor.Member), steps})
	must(c.t, err)
	top, _, _ := strings.Cut(c.t.Name(), "/")
	child := exec.Command(os.Args[0], "-test.run=^"+top+"$")
	child.Env = append(os.Environ(), settleAlone+"="+string(text))
	said, err := child.CombinedOutput()
	if err != nil && child.ProcessState.ExitCode() != -1 { // not by a signal
		c.t.Fatalf("after %d steps: %v: %s", steps, err, said)
	}
	return err == nil
}

func settleAndDie(t *testing.T, text string) {
	var what doomed
	must(t, json.Unmarshal([]byte(text), &what))
	c := openClinic(t, what.Dir, what.Place)
	c.source.Actor.Member = hub.MemberID(what.Member)
	c.store.Objects = &mortal{Objects: c.objects, left: what.Steps}
	st, se, _ := c.series("1.2.3.1")
	kept, err := c.store.Settle(t.Context(), st, se)
	if err != nil || !kept {
		t.Fatalf("kept %v: %v", kept, err)
	}
	c.close()
}

// mortal is an object store whose process is killed at an operation.
type mortal struct {
	storage.Objects
	left int // operations until then
}

func (m *mortal) step() {
	if m.left--; m.left >= 0 {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		self.Kill()
	}
	select {} // until it takes effect
}

func (m *mortal) Create(ctx context.Context, k storage.Key) (storage.Writer, error) {
	m.step()
	w, err := m.Objects.Create(ctx, k)
	return &mortalWriter{w, m}, err
}

type mortalWriter struct {
	storage.Writer
	m *mortal
}

func (w *mortalWriter) Write(b []byte) (int, error) {
	w.m.step()
	return w.Writer.Write(b)
}

// Commit is killed before it, or behind it: the object is there, its row is not.
func (w *mortalWriter) Commit() (storage.Digest, error) {
	w.m.step()
	sum, err := w.Writer.Commit()
	w.m.step()
	return sum, err
}
