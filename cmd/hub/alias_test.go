package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/yuanzhen/yuanzhen/internal/api"
)

func TestAliasesComeFromFlagsAndFile(t *testing.T) {
	t.Parallel()
	name := filepath.Join(t.TempDir(), "hub.yaml")
	if err := os.WriteFile(name, []byte("http: 127.0.0.1:0\naliases:\n  - path: /archive/rs\n    member: CLINIC2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Settings{Config: kong.ConfigFlag(name), Alias: []string{"/dcm4chee-arc/aets/DCM4CHEE/rs=CLINIC1:tech1"}}
	got, err := s.aliases()
	want := []api.Alias{{Path: "/dcm4chee-arc/aets/DCM4CHEE/rs", Member: "CLINIC1", Account: "tech1"}, {Path: "/archive/rs", Member: "CLINIC2"}}
	if err != nil || len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Fatalf("%+v %v", got, err)
	}
	for _, bad := range []string{"/x", "x=A", "/x=", "/api/v1=A"} {
		if got, err := (&Settings{Alias: []string{bad}}).aliases(); err == nil {
			t.Errorf("%q: %+v", bad, got)
		}
	}
	for origin, good := range map[string]bool{"*": true, "https://viewer.example": true, "http://127.0.0.1:3000": true, "viewer.example": false, "https://viewer.example/": false} {
		if err := (&Settings{CORS: []string{origin}}).origins(); (err == nil) != good {
			t.Errorf("%q: %v", origin, err)
		}
	}
}
