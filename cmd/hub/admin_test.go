package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/yuanzhen/yuanzhen/internal/db"
	"github.com/yuanzhen/yuanzhen/internal/demo"
)

// hubCommand runs a command and returns what it printed.
func hubCommand(t *testing.T, args ...string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	err := run(t.Context(), args, &out, io.Discard)
	return out.String(), err
}

// asked runs a command that must succeed and reads its JSON.
func asked(t *testing.T, args ...string) map[string]any {
	t.Helper()
	text, err := hubCommand(t, append(args, "--json")...)
	if err != nil {
		t.Fatalf("%v: %v", args, err)
	}
	var v map[string]any
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v printed %q: %v", args, text, err)
	}
	return v
}

// started is a hub that serves.
type started struct {
	url  string
	out  *bytes.Buffer
	stop func() error
}

// serve starts a hub on a folder and waits until it is ready.
func serve(t *testing.T, dir string) *started {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &started{out: &bytes.Buffer{}}
	ended := make(chan error, 1)
	os.Remove(filepath.Join(dir, "addresses.json"))
	go func() {
		ended <- run(ctx, []string{"serve", "--data", dir, "--http", "127.0.0.1:0", "--dicom", "127.0.0.1:0"}, s.out, io.Discard)
	}()
	stopped := false
	s.stop = func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-ended
	}
	t.Cleanup(func() { s.stop() })
	deadline := time.Now().Add(30 * time.Second)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		select {
		case err := <-ended:
			t.Fatalf("the hub ended: %v", err)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatal("the hub does not get ready")
		}
		var at struct{ HTTP string }
		text, err := os.ReadFile(filepath.Join(dir, "addresses.json"))
		if err != nil || json.Unmarshal(text, &at) != nil {
			continue
		}
		if resp, err := http.Get("http://" + at.HTTP + "/readyz"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				s.url = "http://" + at.HTTP
				return s
			}
		}
	}
	return s
}

// get reads a page with a token.
func (s *started) get(t *testing.T, token, path string) []byte {
	t.Helper()
	return s.send(t, token, "GET", path, nil, http.StatusOK)
}

func (s *started) send(t *testing.T, token, method, path string, body []byte, want int) []byte {
	t.Helper()
	req, err := http.NewRequest(method, s.url+path, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != want {
		t.Fatalf("%s %s: %d %s %v", method, path, resp.StatusCode, text, err)
	}
	return text
}

func TestMachineFillsAnAllianceWithoutABrowser(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	asked(t, "member", "add", "--data", dir, "--code", "LEAD", "--name", "青山县人民医院")
	asked(t, "member", "add", "--data", dir, "--code", "CLINIC1", "--name", "青山镇中心卫生院", "--level", "township")
	asked(t, "agreement", "add", "--data", dir, "--source", "CLINIC1", "--centre", "LEAD")
	user := asked(t, "user", "add", "--data", dir, "--member", "CLINIC1", "--login", "cart", "--name", "心电图机", "--role", "tech", "--auto-submit")
	if !strings.HasPrefix(user["page"].(string), "/password#yi_") {
		t.Fatalf("got %v", user)
	}
	token := asked(t, "token", "add", "--data", dir, "--user", "cart", "--name", "ward 3")["token"].(string)
	device := asked(t, "device", "add", "--data", dir, "--member", "CLINIC1", "--ae", "DR1", "--kind", "DX", "--silent-hours", "40")
	if device["ae_title"] != "DR1" {
		t.Fatalf("got %v", device)
	}
	if _, err := hubCommand(t, "device", "add", "--data", dir, "--member", "CLINIC1", "--ae", "DR2", "--silent-hours", "-1"); err == nil {
		t.Fatal("a device may be silent for less than no time")
	}
	d, err := db.Open(t.Context(), "sqlite:"+filepath.Join(dir, "hub.db"))
	must(t, err)
	if dr, err := d.Read(t.Context()).DeviceByAE("DR1"); err != nil || dr.SilentHours != 40 {
		t.Errorf("device %+v, %v", dr, err)
	}
	must(t, d.Close())
	if _, err := hubCommand(t, "device", "add", "--data", dir, "--member", "CLINIC1", "--ae", "DR1"); err == nil {
		t.Fatal("one AE title was given to two devices")
	}
	if _, err := hubCommand(t, "user", "add", "--data", dir, "--member", "NOBODY", "--login", "x1", "--name", "x", "--role", "tech"); err == nil || !strings.Contains(err.Error(), "NOBODY") {
		t.Fatalf("got %v", err)
	}
	s := serve(t, dir)
	var me struct {
		Account struct {
			Login  string
			Member struct{ Code string }
		}
	}
	if err := json.Unmarshal(s.get(t, token, "/api/v1/session"), &me); err != nil || me.Account.Login != "cart" || me.Account.Member.Code != "CLINIC1" {
		t.Fatalf("the token is %+v, %v", me, err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if text := s.out.String(); !strings.Contains(text, "/setup#yi_") {
		t.Fatalf("a hub without an administrator printed no link: %s", text)
	}
}

func TestServedHubIsBackedUpLostAndServedAgain(t *testing.T) {
	t.Parallel()
	dir, safe := t.TempDir(), filepath.Join(t.TempDir(), "copy")
	asked(t, "member", "add", "--data", dir, "--code", "LEAD", "--name", "青山县人民医院")
	asked(t, "agreement", "add", "--data", dir, "--source", "LEAD", "--centre", "LEAD")
	asked(t, "user", "add", "--data", dir, "--member", "LEAD", "--login", "cart", "--name", "心电图机", "--role", "tech")
	token := asked(t, "token", "add", "--data", dir, "--user", "cart", "--name", "test")["token"].(string)
	s := serve(t, dir)
	trace := demo.TraceFile("normal", 1)
	var v struct{ ID string }
	if err := json.Unmarshal(s.send(t, token, "POST", "/api/v1/recordings", trace, http.StatusCreated), &v); err != nil {
		t.Fatal(err)
	}
	text, err := hubCommand(t, "backup", "--data", dir, safe)
	if err != nil || !strings.Contains(text, "holds the keys") {
		t.Fatalf("%s %v", text, err)
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if text, err := hubCommand(t, "verify", "--data", dir); err != nil {
		t.Fatalf("%s %v", text, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := hubCommand(t, "verify", "--data", dir); err == nil {
		t.Fatal("a hub that is gone was found in order")
	}
	for _, args := range [][]string{{"restore", "--data", dir, safe}, {"verify", "--data", dir}, {"audit", "verify", "--data", dir}} {
		if text, err := hubCommand(t, args...); err != nil {
			t.Fatalf("%v: %s %v", args, text, err)
		}
	}
	if _, err := hubCommand(t, "restore", "--data", dir, safe); err == nil {
		t.Fatal("a hub in use was overwritten")
	}
	s = serve(t, dir)
	if got := s.get(t, token, "/api/v1/recordings/"+v.ID+"/original"); !bytes.Equal(got, trace) {
		t.Fatalf("%d bytes came back, %d were sent", len(got), len(trace))
	}
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	damage(t, filepath.Join(dir, "objects", "restored"))
	text, err = hubCommand(t, "verify", "--data", dir)
	if err == nil || !strings.Contains(text, "fault: recording "+v.ID) {
		t.Fatalf("%s %v", text, err)
	}
}

// damage changes one byte near the end of every file below a folder.
func damage(t *testing.T, dir string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err == nil {
			data[len(data)-5] ^= 1
			err = errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, data, 0o600))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
