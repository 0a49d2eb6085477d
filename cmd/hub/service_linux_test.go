package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstalledUnitIsTheShippedOne(t *testing.T) {
	t.Parallel()
	c := &serviceInstall{Settings: "/etc/yuanzhen/hub.yaml", User: "yuanzhen"}
	got, err := c.unit("/usr/local/bin/hub")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join("..", "..", "deploy", "systemd", serviceName+".service"))
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Fatalf("hub service install writes\n%s\nthe release ships\n%s", got, want)
	}
}

func TestUnitMayWriteTheFolderItIsGiven(t *testing.T) {
	t.Parallel()
	c := &serviceInstall{Data: "/srv/hub data", User: "pacs"}
	got, err := c.unit("/opt/hub")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{`ExecStart=/opt/hub serve --data "/srv/hub data"`, `ReadWritePaths="/srv/hub data"`, "User=pacs", "Group=pacs"} {
		if !strings.Contains(got, line+"\n") {
			t.Errorf("the unit lacks %s:\n%s", line, got)
		}
	}
	if _, err := (&serviceInstall{Data: "/srv/a\nExecStartPre=/bin/sh"}).unit("/opt/hub"); err == nil {
		t.Error("a path brought a line of its own into the unit")
	}
}
