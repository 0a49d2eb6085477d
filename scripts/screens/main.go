// Command screens measures how soon readers see what has come in: it starts a
// hub, connects many screens to it, sends ECGs, and prints how long after the
// acknowledgement of each every screen heard that it is queued.
//
//	go run ./scripts/screens -hub bin/hub -screens 2000 -ecgs 50
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/yuanzhen/yuanzhen/ecg"
	"github.com/yuanzhen/yuanzhen/ecg/encode"
	"github.com/yuanzhen/yuanzhen/ecg/synth"
	"github.com/yuanzhen/yuanzhen/internal/demo"
)

func main() {
	program := flag.String("hub", "bin/hub", "the hub's program")
	screens := flag.Int("screens", 2000, "screens that are connected")
	ecgs := flag.Int("ecgs", 50, "ECGs that are sent")
	every := flag.Duration("every", 500*time.Millisecond, "how often one is sent")
	flag.Parse()
	if err := measure(*program, *screens, *ecgs, *every); err != nil {
		fmt.Fprintln(os.Stderr, "screens:", err)
		os.Exit(1)
	}
}

func measure(program string, screens, ecgs int, every time.Duration) error {
	dir, err := os.MkdirTemp("", "screens")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	h, err := startHub(program, dir)
	if err != nil {
		return err
	}
	defer h.stop()
	heard := make(chan sight, screens)
	var watching sync.WaitGroup
	for i := range screens {
		conn, err := h.watch(fmt.Sprintf("reader%d", 1+i%3))
		if err != nil {
			return fmt.Errorf("screen %d: %w", i+1, err)
		}
		defer conn.Close()
		watching.Go(func() { report(conn, heard) })
	}
	// Sights of one ECG may come before its acknowledgement does.
	seen := map[string][]time.Time{}
	collected := make(chan struct{})
	go func() {
		defer close(collected)
		deadline := time.After(time.Duration(ecgs)*every + 30*time.Second)
		for n := 0; n < screens*ecgs; n++ {
			select {
			case s := <-heard:
				seen[s.task] = append(seen[s.task], s.at)
			case <-deadline:
				return
			}
		}
	}()
	acknowledged := map[string]time.Time{}
	for i := range ecgs {
		next := time.Now().Add(every)
		task, err := h.send(i)
		if err != nil {
			return fmt.Errorf("ECG %d: %w", i+1, err)
		}
		acknowledged[task] = time.Now()
		time.Sleep(time.Until(next))
	}
	<-collected
	h.print(screens, acknowledged, seen)
	return nil
}

// sight is one screen's hearing of one task.
type sight struct {
	task string
	at   time.Time
}

// report sends on what a screen hears of queued tasks until its line ends.
func report(conn *websocket.Conn, heard chan<- sight) {
	for {
		var m struct {
			Event string
			Task  struct{ ID string }
		}
		if conn.ReadJSON(&m) != nil {
			return
		}
		if m.Event == "task.queued" {
			heard <- sight{m.Task.ID, time.Now()}
		}
	}
}

type hub struct {
	child  *exec.Cmd
	http   string
	tokens map[string]string
}

func startHub(program, dir string) (*hub, error) {
	h := &hub{tokens: map[string]string{}}
	h.child = exec.Command(program, "demo", "--empty", "--data", dir, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0")
	if err := h.child.Start(); err != nil {
		return nil, err
	}
	for deadline := time.Now().Add(time.Minute); !h.ready(dir); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			h.stop()
			return nil, fmt.Errorf("%s is not ready after a minute", program)
		}
	}
	data, err := os.ReadFile(demo.AccountsPath(dir))
	var list []demo.Account
	if err == nil {
		err = json.Unmarshal(data, &list)
	}
	for _, a := range list {
		h.tokens[a.Login] = a.Token
	}
	return h, err
}

func (h *hub) ready(dir string) bool {
	var at struct{ HTTP string }
	data, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
	if err != nil || json.Unmarshal(data, &at) != nil {
		return false
	}
	h.http = "http://" + at.HTTP
	resp, err := http.Get(h.http + "/readyz")
	if err != nil {
		return false
	}
	resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func (h *hub) stop() {
	h.child.Process.Signal(os.Interrupt)
	h.child.Wait()
}

// watch connects a reader's screen and subscribes it to what happens from now.
func (h *hub) watch(login string) (*websocket.Conn, error) {
	dialer := websocket.Dialer{Subprotocols: []string{"yuanzhen.v1"}, ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10}
	conn, _, err := dialer.Dial("ws"+strings.TrimPrefix(h.http, "http")+"/ws", http.Header{"Authorization": {"Bearer " + h.tokens[login]}})
	if err != nil {
		return nil, err
	}
	var hello struct{ Seq int64 }
	if err = conn.ReadJSON(&hello); err == nil {
		err = conn.WriteJSON(map[string]any{"type": "subscribe", "since": hello.Seq})
	}
	return conn, err
}

// send posts one ECG of a new patient and returns its task.
func (h *hub) send(number int) (task string, err error) {
	rec, err := synth.Make(synth.Normal, uint64(number))
	if err != nil {
		return "", err
	}
	rec.Start, rec.Patient.ID = time.Now(), fmt.Sprintf("S%05d", number)
	var body bytes.Buffer
	if _, err := encode.Encode(&body, rec, ecg.FormatSCP); err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(context.Background(), "POST", h.http+"/api/v1/recordings", &body)
	if err != nil {
		return "", err
	}
	req.Header.Set("Authorization", "Bearer "+h.tokens["tech1"])
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusCreated {
		err = fmt.Errorf("%s: %s", resp.Status, answer)
	}
	var recording struct{ Task string }
	if err == nil {
		err = json.Unmarshal(answer, &recording)
	}
	return recording.Task, err
}

func (h *hub) print(screens int, acknowledged map[string]time.Time, seen map[string][]time.Time) {
	var waits []time.Duration
	for task, at := range acknowledged {
		for _, s := range seen[task] {
			waits = append(waits, max(0, s.Sub(at)))
		}
	}
	slices.Sort(waits)
	quantile := func(q float64) any {
		if len(waits) == 0 {
			return "none"
		}
		return waits[int(q*float64(len(waits)-1))].Round(100 * time.Microsecond)
	}
	fmt.Printf("%d screens, %d ECGs: %d of %d sights; from acknowledgement to screen p50 %v, p99 %v, most %v; hub resident %s\n",
		screens, len(acknowledged), len(waits), screens*len(acknowledged), quantile(0.5), quantile(0.99), quantile(1), resident(h.child.Process.Pid))
}

// resident is a process's peak memory as the kernel tells it.
func resident(pid int) string {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	for line := range strings.Lines(string(status)) {
		if peak, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			return strings.TrimSpace(peak)
		}
	}
	return "unknown"
}
