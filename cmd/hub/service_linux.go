package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"text/template"
)

// unitText is deploy/systemd/yuanzhen-hub.service with places for what differs
// from one machine to the next; a test keeps the two alike.
//
//go:embed service_unit.tmpl
var unitText string

// unitFolder is where an administrator's units lie (systemd.unit(5)).
const unitFolder = "/etc/systemd/system"

func unitPath() string { return filepath.Join(unitFolder, serviceName+".service") }

// unit writes the systemd unit that starts a program as c says.
func (c *serviceInstall) unit(program string) (string, error) {
	words := append([]string{program}, c.arguments()...)
	for i, w := range words {
		if strings.ContainsAny(w, "\"'\\\n$%") {
			return "", fmt.Errorf("path %q: systemd would read it otherwise", w)
		}
		words[i] = quoted(w)
	}
	t, err := template.New("unit").Parse(unitText)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	err = t.Execute(&b, map[string]string{"Start": strings.Join(words, " "), "User": c.User, "Data": quoted(c.Data)})
	return b.String(), err
}

// quoted keeps a word with spaces one word.
func quoted(w string) string {
	if strings.Contains(w, " ") {
		return `"` + w + `"`
	}
	return w
}

func (c *serviceInstall) install(program string) error {
	text, err := c.unit(program)
	if err != nil {
		return err
	}
	if err := systemd(); err != nil {
		return err
	}
	if err := c.ensureUser(); err != nil {
		return err
	}
	if err := os.WriteFile(unitPath(), []byte(text), 0o644); err != nil {
		return err
	}
	return errors.Join(command("systemctl", "daemon-reload"), command("systemctl", "enable", "--now", serviceName))
}

// systemd refuses a machine that is not run by it.
func systemd() error {
	if _, err := os.Stat("/run/systemd/system"); err != nil {
		return errors.New("this machine is not run by systemd: let its own service manager start `hub serve`")
	}
	return nil
}

// ensureUser makes the account the service runs as.
func (c *serviceInstall) ensureUser() error {
	_, err := user.Lookup(c.User)
	var unknown user.UnknownUserError
	if errors.As(err, &unknown) {
		return command("useradd", "--system", "--home-dir", "/var/lib/yuanzhen", "--shell", "/usr/sbin/nologin", c.User)
	}
	return err
}

func uninstall() error {
	if err := systemd(); err != nil {
		return err
	}
	if _, err := os.Stat(unitPath()); err != nil {
		return err
	}
	return errors.Join(command("systemctl", "disable", "--now", serviceName), os.Remove(unitPath()), command("systemctl", "daemon-reload"))
}

func command(name string, args ...string) error {
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// asService reports whether the system's service manager wants a protocol of
// its own; systemd does not.
func asService(func(context.Context) error) (bool, error) { return false, nil }
