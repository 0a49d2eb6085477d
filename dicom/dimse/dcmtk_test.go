package dimse

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/dicom"
	"github.com/yuanzhen/yuanzhen/internal/testdata"
)

// tool finds a program of DCMTK, or skips.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("no %s here (Debian: dcmtk): not compared with DCMTK", name)
	}
	return path
}

// object is a Part 10 file in the parts that C-STORE needs.
type object struct {
	kind     Kind
	instance string
	data     []byte
}

// readObject reads the file meta information and takes the rest as it is.
func readObject(name string) (object, error) {
	b, err := os.ReadFile(name)
	if err != nil {
		return object{}, err
	}
	if len(b) < 144 || string(b[128:132]) != "DICM" || !bytes.Equal(b[132:140], []byte("\x02\x00\x00\x00UL\x04\x00")) {
		return object{}, errors.New("no file meta information")
	}
	end := 144 + int(binary.LittleEndian.Uint32(b[140:]))
	if end > len(b) {
		return object{}, errors.New("cut")
	}
	o := object{data: b[end:]}
	for meta := b[144:end]; len(meta) >= 8; {
		element, head, n := binary.LittleEndian.Uint16(meta[2:]), 8, int(binary.LittleEndian.Uint16(meta[6:]))
		if vr := string(meta[4:6]); vr == "OB" && len(meta) >= 12 {
			head, n = 12, int(binary.LittleEndian.Uint32(meta[8:]))
		}
		if head+n > len(meta) {
			return object{}, errors.New("cut")
		}
		switch v := trimUID(meta[head : head+n]); element {
		case 0x0002:
			o.kind.SOPClassUID = v
		case 0x0003:
			o.instance = v
		case 0x0010:
			o.kind.Syntax = dicom.TransferSyntax(v)
		}
		meta = meta[head+n:]
	}
	return o, nil
}

// corpus returns up to three objects, each below 2 MB, of every transfer syntax
// that the test data has and DCMTK knows, by file name.
func corpus(t *testing.T) map[string]object {
	t.Helper()
	objects, seen, instances := map[string]object{}, map[dicom.TransferSyntax]int{}, map[string]bool{}
	for _, name := range testdata.Files(t, "dicom", "*.dcm") {
		if st, err := os.Stat(name); err != nil || st.Size() > 2<<20 || strings.Contains(name, "malformed") {
			continue
		}
		o, err := readObject(name)
		if err != nil || !validUID(o.instance) || younger(o.kind.Syntax) || !StorageSOPClass(o.kind.SOPClassUID) || !knownSyntaxes[string(o.kind.Syntax)] {
			continue
		}
		// DCMTK takes the UIDs from the data set: skip what it cannot read, and
		// the files that name other UIDs there.
		if seen[o.kind.Syntax] == 3 || instances[o.instance] || !dumps(t, name, o) {
			continue
		}
		instances[o.instance] = true
		seen[o.kind.Syntax]++
		objects[name] = o
	}
	if len(objects) < 20 {
		t.Fatalf("only %d objects in the test data", len(objects))
	}
	return objects
}

// dumps tells whether DCMTK reads a file and finds the UIDs of its header.
func dumps(t *testing.T, name string, o object) bool {
	out, err := exec.CommandContext(t.Context(), tool(t, "dcmdump"), "-q", "-Un", "+P", "0008,0016", "+P", "0008,0018", name).Output()
	return err == nil && bytes.Contains(out, []byte("["+o.instance+"]")) && bytes.Contains(out, []byte("["+o.kind.SOPClassUID+"]"))
}

// younger tells whether a transfer syntax came after DCMTK 3.6.7.
func younger(s dicom.TransferSyntax) bool {
	switch s {
	case dicom.HTJ2KLossless, dicom.HTJ2KLosslessRPCL, dicom.HTJ2K, dicom.JPEGXLLossless, dicom.JPEGXLJPEGRecompression,
		dicom.JPEGXL, dicom.DeflatedImageFrame, dicom.EncapsulatedUncompressed:
		return true
	}
	return false
}

// shelf keeps what arrives by SOP instance.
type shelf struct {
	handler
	mu  sync.Mutex // guards got
	got map[string]object
}

func newShelf() *shelf {
	s := &shelf{got: map[string]object{}}
	s.store = func(_ context.Context, _ *Association, r *StoreRequest) Status {
		b, err := io.ReadAll(r.Data)
		if err != nil {
			return Status{Code: ProcessingFailure}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		s.got[r.SOPInstanceUID] = object{Kind{r.SOPClassUID, r.Syntax}, r.SOPInstanceUID, b}
		return Status{}
	}
	return s
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestEchoOfDCMTKIsAnswered(t *testing.T) {
	t.Parallel()
	echoscu := tool(t, "echoscu")
	addr, _ := serve(t, &Server{AETitle: "HUB", Handler: &handler{}})
	host, port, _ := net.SplitHostPort(addr)
	run(t, echoscu, "-aec", "HUB", "--repeat", "3", "--propose-ts", "38", "--propose-pc", "128", host, port)
	if out, err := exec.CommandContext(t.Context(), echoscu, "-aec", "PACS", host, port).CombinedOutput(); err == nil ||
		!strings.Contains(string(out), "Called AE Title Not Recognized") {
		t.Errorf("echo under another title: %v\n%s", err, out)
	}
	run(t, echoscu, "-aec", "HUB", "--abort", host, port)
}

func TestObjectsAreExchangedWithDCMTK(t *testing.T) {
	t.Parallel()
	objects := corpus(t)
	t.Run("storescu", func(t *testing.T) { t.Parallel(); fromStorescu(t, objects) })
	t.Run("dcmsend", func(t *testing.T) { t.Parallel(); fromDcmsend(t, objects) })
	t.Run("storescp", func(t *testing.T) { t.Parallel(); toStorescp(t, objects) })
}

// fromStorescu receives in PDUs of 4 KB, the smallest storescu knows, and of
// 128 KB, its largest.
func fromStorescu(t *testing.T, objects map[string]object) {
	storescu := tool(t, "storescu")
	propose := map[dicom.TransferSyntax]string{
		dicom.ImplicitVRLittleEndian: "-xi", dicom.ExplicitVRLittleEndian: "-xe", dicom.ExplicitVRBigEndian: "-xb",
		dicom.JPEGLosslessSV1: "-xs", dicom.JPEGBaseline8Bit: "-xy", dicom.JPEGExtended12Bit: "-xx",
		dicom.JPEG2000Lossless: "-xv", dicom.JPEG2000: "-xw", dicom.JPEGLSLossless: "-xt", dicom.JPEGLSNearLossless: "-xu",
		dicom.MPEG2MPML: "-xm", dicom.MPEG4HP41: "-xn", dicom.RLELossless: "-xr", dicom.DeflatedExplicitVRLittleEndian: "-xd",
	}
	s := newShelf()
	addr, _ := serve(t, &Server{Handler: s})
	host, port, _ := net.SplitHostPort(addr)
	sent := map[dicom.TransferSyntax]bool{}
	for name, o := range objects {
		flag, ok := propose[o.kind.Syntax]
		if !ok || sent[o.kind.Syntax] && o.kind.Syntax != dicom.ExplicitVRLittleEndian {
			continue
		}
		sent[o.kind.Syntax] = true
		pdu := "4096"
		if len(sent)%2 == 0 {
			pdu = "131072"
		}
		run(t, storescu, "-R", flag, "--max-send-pdu", pdu, "-aec", "HUB", host, port, name)
		s.mu.Lock()
		got, ok := s.got[o.instance]
		s.mu.Unlock()
		switch {
		case !ok:
			t.Errorf("%s (%s) did not arrive", filepath.Base(name), o.kind.Syntax.Name())
		case got.kind != o.kind:
			t.Errorf("%s arrived as %+v, sent as %+v", filepath.Base(name), got.kind, o.kind)
		case o.kind.Syntax.Encapsulated() && !bytes.Contains(got.data, o.data[len(o.data)/2:len(o.data)*3/4]):
			// DCMTK writes the elements anew, but not compressed pixels.
			t.Errorf("%s: pixels differ", filepath.Base(name))
		}
	}
	if len(sent) < 10 {
		t.Errorf("only %d transfer syntaxes sent", len(sent))
	}
}

// fromDcmsend receives a whole list in one association.
func fromDcmsend(t *testing.T, objects map[string]object) {
	dcmsend := tool(t, "dcmsend")
	s := newShelf()
	addr, _ := serve(t, &Server{Handler: s})
	host, port, _ := net.SplitHostPort(addr)
	args := []string{"--decompress-never", "--no-halt", "-aec", "HUB", host, port}
	want := map[string]bool{}
	for name, o := range objects {
		args = append(args, name)
		want[o.instance] = true
	}
	out := run(t, dcmsend, args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.got) != len(want) {
		t.Errorf("%d of %d arrived\n%s", len(s.got), len(want), out)
	}
}

// toStorescp sends with our SCU and compares byte for byte what DCMTK wrote.
func toStorescp(t *testing.T, objects map[string]object) {
	storescp := tool(t, "storescp")
	l, err := net.Listen("tcp", "127.0.0.1:0") // a free port, used at once
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	dir := t.TempDir()
	cmd := exec.CommandContext(t.Context(), storescp, "--accept-all", "--bit-preserving", "-od", dir, "--max-pdu", "16384", port)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })

	var kinds []Kind
	for _, o := range objects {
		kinds = append(kinds, o.kind)
	}
	contexts, err := ContextsFor(kinds...)
	if err != nil {
		t.Fatal(err)
	}
	c := dialPatiently(t, "127.0.0.1:"+port, contexts)
	sent := 0
	for name, o := range objects {
		if !c.Accepts(o.kind.SOPClassUID, o.kind.Syntax) {
			continue
		}
		st, err := c.Store(t.Context(), o.kind.SOPClassUID, o.instance, o.kind.Syntax, bytes.NewReader(o.data))
		if err != nil || !st.OK() {
			t.Fatalf("%s: %v, %v", filepath.Base(name), st, err)
		}
		if !holds(dir, o) {
			t.Errorf("%s (%s) is not in DCMTK's folder as sent", filepath.Base(name), o.kind.Syntax.Name())
		}
		sent++
	}
	if sent < 20 {
		t.Errorf("DCMTK took %d of %d objects", sent, len(objects))
	}
	if err := c.Release(); err != nil {
		t.Error(err)
	}
}

// holds tells whether storescp wrote o bit by bit.
func holds(dir string, o object) bool {
	names, _ := filepath.Glob(filepath.Join(dir, "*."+o.instance))
	for _, name := range names {
		got, err := readObject(name)
		if err == nil && o.kind.Syntax.Deflated() && len(o.data)%2 != 0 {
			got.data = bytes.TrimSuffix(got.data, []byte{0})
		}
		if err == nil && bytes.Equal(got.data, o.data) {
			return true
		}
	}
	return false
}

// dialPatiently waits for a process that was just started to listen.
func dialPatiently(t *testing.T, addr string, contexts []PresentationContext) *Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := Dial(ctx, addr, DialOptions{CallingAE: "HUB", CalledAE: "STORESCP", Contexts: contexts})
		if err == nil {
			t.Cleanup(func() { c.Abort() })
			return c
		}
		select {
		case <-ctx.Done():
			t.Fatal(fmt.Errorf("storescp does not answer: %w", err))
		case <-tick.C:
		}
	}
}
