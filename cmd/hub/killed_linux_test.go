package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/dicom/dimse"
)

// childArgs holds, as JSON, the arguments of a hub that is a process of its own
// so that it can be killed or watched.
const childArgs = "YUANZHEN_TEST_HUB_ARGS"

func TestMain(m *testing.M) {
	args := os.Getenv(childArgs)
	if args == "" {
		os.Exit(m.Run())
	}
	var list []string
	err := json.Unmarshal([]byte(args), &list)
	if err == nil {
		err = run(context.Background(), list, io.Discard, os.Stderr)
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// startProcess is start with a process of its own, run by the command under if
// there is one. send sends both a signal, at the test's end SIGKILL.
func startProcess(t *testing.T, dir string, under ...string) (r *running, send func(syscall.Signal)) {
	t.Helper()
	var child *exec.Cmd
	send = func(s syscall.Signal) { syscall.Kill(-child.Process.Pid, s) }
	r = launch(t, dir, func(args []string) func() error {
		command := append(slices.Clone(under), os.Args[0])
		child = exec.Command(command[0], command[1:]...)
		child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		text, err := json.Marshal(args)
		must(t, err)
		child.Env = append(os.Environ(), childArgs+"="+string(text))
		child.Stderr = os.Stderr
		must(t, child.Start())
		t.Cleanup(func() { send(syscall.SIGKILL) })
		return child.Wait
	})
	return r, send
}

const smallClass = "1.2.840.10008.5.1.4.1.1.1.1"

// small makes the data set of a 128 × 128 radiograph of a study, different for
// each number.
func small(t testing.TB, study string, number int) (uid string, dataset []byte) {
	uid = fmt.Sprintf("%s.1.%d", study, number)
	d := dicom.New()
	for tag, text := range map[dicom.Tag]string{dicom.SOPClassUID: smallClass, dicom.SOPInstanceUID: uid, dicom.StudyInstanceUID: study,
		dicom.SeriesInstanceUID: study + ".1", dicom.PatientID: "P" + study[len(study)-1:], dicom.Modality: "DX", dicom.PhotometricInterpretation: "MONOCHROME2"} {
		d.SetText(tag, text)
	}
	for tag, n := range map[dicom.Tag]int64{dicom.SamplesPerPixel: 1, dicom.Rows: 128, dicom.Columns: 128, dicom.BitsAllocated: 16, dicom.BitsStored: 12,
		dicom.HighBit: 11, dicom.PixelRepresentation: 0} {
		d.SetInts(tag, n)
	}
	d.SetRaw(dicom.PixelData, dicom.OW, bytes.Repeat([]byte{byte(number), byte(number>>8) & 15}, 128*128))
	var b bytes.Buffer
	if err := dicom.Write(&b, d, dicom.ExplicitVRLittleEndian); err != nil {
		t.Fatal(err)
	}
	return uid, b.Bytes()
}

// A sender sends images of a study until the hub is gone; kept hears of those
// that were acknowledged.
type sender func(ctx context.Context, r *running, study string, first int, kept func(uid string, dataset []byte))

func byCStore(ctx context.Context, r *running, study string, first int, kept func(string, []byte)) {
	contexts, _ := dimse.ContextsFor(dimse.Kind{SOPClassUID: smallClass, Syntax: dicom.ExplicitVRLittleEndian})
	c, err := dimse.Dial(ctx, r.dicom, dimse.DialOptions{CallingAE: "CLINIC1", CalledAE: "ANY", Contexts: contexts})
	if err != nil {
		return
	}
	defer c.Abort()
	for n := first; ; n++ {
		uid, dataset := small(r.t, study, n)
		if status, err := c.Store(ctx, smallClass, uid, dicom.ExplicitVRLittleEndian, bytes.NewReader(dataset)); err != nil || !status.OK() {
			return
		}
		kept(uid, dataset)
	}
}

// bySTOW sends five images a request.
func bySTOW(ctx context.Context, r *running, study string, first int, kept func(string, []byte)) {
	for n := first; ; n += 5 {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		sent := map[string][]byte{}
		for i := range 5 {
			uid, dataset := small(r.t, study, n+i)
			part, _ := form.CreatePart(textproto.MIMEHeader{"Content-Type": {"application/dicom"}})
			dicom.WriteMeta(part, dicom.FileMeta{SOPClassUID: smallClass, SOPInstanceUID: uid, Syntax: dicom.ExplicitVRLittleEndian})
			part.Write(dataset)
			sent[uid] = dataset
		}
		form.Close()
		req, _ := http.NewRequestWithContext(ctx, "POST", r.http+"/dicom-web/studies", &body)
		req.Header.Set("Authorization", "Bearer "+r.accounts["tech1"].Token)
		req.Header.Set("Content-Type", `multipart/related; type="application/dicom"; boundary=`+form.Boundary())
		req.Header.Set("Accept", "application/dicom+json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			return
		}
		_, err = io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if err != nil || resp.StatusCode != http.StatusOK {
			return
		}
		for uid, dataset := range sent {
			kept(uid, dataset)
		}
	}
}

// TestKilledHubKeepsWhatItAcknowledged kills a hub three times while four
// senders are at work, and asks it for every image it ever acknowledged.
func TestKilledHubKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]sender{"C-STORE": byCStore, "STOW-RS": bySTOW} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			var mu sync.Mutex
			acknowledged := map[string][]byte{}
			r, signal := startProcess(t, dir)
			for round := range 3 {
				enough := len(acknowledged) + 100
				var senders sync.WaitGroup
				for i := range 4 {
					senders.Go(func() {
						send(t.Context(), r, fmt.Sprintf("1.2.826.0.1.3680043.10.1.%d", i+1), 1+round*100_000, func(uid string, dataset []byte) {
							mu.Lock()
							defer mu.Unlock()
							acknowledged[uid] = dataset
							if len(acknowledged) >= enough {
								signal(syscall.SIGKILL)
							}
						})
					})
				}
				senders.Wait()
				if err := r.stop(); err == nil || len(acknowledged) < enough {
					t.Fatalf("round %d ended by itself with %d images: %v", round, len(acknowledged), err)
				}
				r, signal = startProcess(t, dir)
				r.wantAll(acknowledged)
			}
		})
	}
}

// wantAll compares every image with what the hub gives back.
func (r *running) wantAll(images map[string][]byte) {
	r.t.Helper()
	for uid, dataset := range images {
		study := strings.Join(strings.Split(uid, ".")[:9], ".")
		req, err := http.NewRequest("GET", r.http+"/dicom-web/studies/"+study+"/series/"+study+".1/instances/"+uid, nil)
		must(r.t, err)
		req.Header.Set("Authorization", "Bearer "+r.accounts["tech1"].Token)
		req.Header.Set("Accept", "application/dicom; transfer-syntax=*")
		resp, err := http.DefaultClient.Do(req)
		must(r.t, err)
		got, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		must(r.t, err)
		if resp.StatusCode != http.StatusOK || !bytes.HasSuffix(got, dataset) {
			r.t.Fatalf("%s: %d with %d bytes, which do not end with the %d that were acknowledged", uid, resp.StatusCode, len(got), len(dataset))
		}
	}
}

// A line of strace -f -y: process, then a call, or its end if another process
// came between.
var (
	flushBegins = regexp.MustCompile(`^(\d+) +f(?:data)?sync\(\d+<([^>]*)>`)
	flushEnds   = regexp.MustCompile(`^(\d+) +(?:<\.\.\. )?f(?:data)?sync.*= 0$`)
	answers     = regexp.MustCompile(`^\d+ +write\(\d+<[^>]*>, "\\4\\0`)
)

// TestAcknowledgementFollowsBothFlushes watches the system calls of a hub that
// takes images one by one: before each answer the segment with the image was
// flushed, and after that the log with its row.
func TestAcknowledgementFollowsBothFlushes(t *testing.T) {
	t.Parallel()
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed")
	}
	dir := t.TempDir()
	trace := filepath.Join(dir, "trace")
	if out, err := exec.Command(strace, "-o", trace, "true").CombinedOutput(); err != nil {
		t.Skipf("processes may not be watched here: %s", out)
	}
	r, signal := startProcess(t, filepath.Join(dir, "hub"), strace, "-f", "-y", "-qq", "-e", "signal=none", "-e", "trace=fsync,fdatasync,write", "-o", trace)
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	sent := 0
	byCStore(ctx, r, "1.2.826.0.1.3680043.10.1.1", 1, func(string, []byte) {
		if sent++; sent == 20 {
			enough()
		}
	})
	signal(syscall.SIGTERM) // ends the hub, and so strace, which blocks it
	if err := r.stop(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	file, err := os.Open(trace)
	must(t, err)
	defer file.Close()
	under := map[string]string{} // process: what it is flushing
	segment, log, answered := false, false, 0
	for lines := bufio.NewScanner(file); lines.Scan(); {
		line := lines.Text()
		if m := flushBegins.FindStringSubmatch(line); m != nil {
			under[m[1]] = m[2]
			if strings.HasSuffix(m[2], ".db-wal") && !segment {
				delete(under, m[1]) // begun before the image was safe: proves nothing
			}
		}
		if m := flushEnds.FindStringSubmatch(line); m != nil {
			segment = segment || strings.Contains(under[m[1]], "/segments/")
			log = log || strings.HasSuffix(under[m[1]], ".db-wal")
		}
		if answers.MatchString(line) {
			if !segment || !log {
				t.Errorf("answer %d: segment flushed %v, then the log %v", answered+1, segment, log)
			}
			segment, log = false, false
			answered++
		}
	}
	if answered < 20 {
		t.Errorf("%d answers were seen, want 20", answered)
	}
}
